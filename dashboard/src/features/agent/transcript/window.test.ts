import { describe, expect, it } from "vitest";
import { events, page } from "./fixtures";
import { CAP, EventWindow, KEEP } from "./window";

function numbers(window: EventWindow): string[] {
  return window.events.map((event) => ("content" in event ? (event.content ?? "") : ""));
}

function expectContiguous(window: EventWindow): void {
  expect(numbers(window)).toEqual(window.events.map((_, i) => `event ${window.first + i}`));
}

describe("EventWindow", () => {
  it("begins with a page and takes live events that continue it", () => {
    const window = new EventWindow();
    window.reset(page(41, 60, 100));
    window.takeLive(101, events(101, 3), true);
    expect([window.first, window.last, window.newest]).toEqual([41, 103, 103]);
    expectContiguous(window);
  });

  it("passes over events it has, and never takes a frame behind a hole", () => {
    const window = new EventWindow();
    window.reset(page(1, 10, 10));
    window.takeLive(8, events(8, 5), true);
    expect(window.last).toBe(12);
    window.takeLive(20, events(20, 2), true);
    expect([window.last, window.newest, window.hasAfter]).toEqual([12, 21, true]);
    expectContiguous(window);
  });

  it("stays bounded while it follows", () => {
    const window = new EventWindow();
    window.reset(page(1, 10, 10));
    for (let first = 11; first < 20_011; first += 100)
      window.takeLive(first, events(first, 100), true);
    expect(window.events.length).toBeLessThanOrEqual(CAP);
    expect(window.events.length).toBeGreaterThanOrEqual(KEEP);
    expect(window.last).toBe(20_010);
    expectContiguous(window);
  });

  it("leaves the reader's events alone once it is full and does not follow", () => {
    const window = new EventWindow();
    window.reset(page(1, CAP, CAP));
    window.takeLive(CAP + 1, events(CAP + 1, 50), false);
    expect([window.first, window.last, window.newest]).toEqual([1, CAP, CAP + 50]);
  });

  it("pages both ways and cuts the far end", () => {
    const window = new EventWindow();
    window.reset(page(4_001, 1_000, 9_000));
    expect(window.prepend(page(3_801, 200, 9_000))).toBe(true);
    expect([window.first, window.last]).toEqual([3_801, 4_800]);
    expect(window.append(page(4_801, 200, 9_000))).toBe(true);
    expect([window.first, window.last]).toEqual([4_001, 5_000]);
    expectContiguous(window);
  });

  it("refuses pages that do not fit on", () => {
    const window = new EventWindow();
    window.reset(page(101, 100, 500));
    expect(window.prepend(page(1, 50, 500))).toBe(false);
    expect(window.append(page(300, 50, 500))).toBe(false);
    expect([window.first, window.last]).toEqual([101, 200]);
  });

  it("drops what a restarted server lost and goes on from there", () => {
    const window = new EventWindow();
    window.reset(page(1, 100, 100));
    window.takeLive(101, events(101, 10), true);
    window.dropAfter(104);
    expect([window.last, window.newest]).toEqual([104, 104]);
    window.takeLive(105, events(105, 2), true);
    expectContiguous(window);
    window.dropAfter(0);
    expect([window.first, window.last, window.newest]).toEqual([1, 0, 0]);
  });
});
