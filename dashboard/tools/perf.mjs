/**
 * Measures the transcript in a real browser against the mock server with a build
 * (STATIC=dist PORT=4100 npm run mock): opening 100,000 events, scrolling, rain of events and text.
 */
import { BASE, open, signIn } from "./browser.mjs";

const SECONDS = 5;
const RATE = 2000;
const LOG = '[role="log"]';

const context = await open({ viewport: { width: 1440, height: 900 } });
const page = context.pages()[0] ?? (await context.newPage());
page.on("pageerror", (error) => console.log(`! ${error.message}`));
const devtools = await context.newCDPSession(page);
await devtools.send("Performance.enable", { timeDomain: "threadTicks" });

async function metrics() {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

const nodes = () => page.evaluate(() => document.getElementsByTagName("*").length);
async function heap() {
  await devtools.send("HeapProfiler.collectGarbage");
  return (await metrics()).JSHeapUsedSize / 1e6;
}

/** Frames, the longest one, and long tasks while `work` runs. */
async function watch(work) {
  await page.evaluate(() => {
    const seen = { frames: 0, worst: 0, long: 0, on: true, start: performance.now() };
    window.__seen = seen;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.long += entry.duration - 50;
    }).observe({ type: "longtask" });
    let last = performance.now();
    const frame = (now) => {
      seen.frames += 1;
      seen.worst = Math.max(seen.worst, now - last);
      last = now;
      if (seen.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const before = (await metrics()).TaskDuration;
  await work();
  const cpu = (await metrics()).TaskDuration - before;
  const seen = await page.evaluate(() => {
    window.__seen.on = false;
    return { ...window.__seen, ms: performance.now() - window.__seen.start };
  });
  const fps = (seen.frames * 1000) / seen.ms;
  return `${fps.toFixed(1)} fps, worst frame ${seen.worst.toFixed(0)} ms, long tasks ${seen.long.toFixed(0)} ms, CPU ${cpu.toFixed(2)} s`;
}

const say = (name, text) => console.log(`${name.padEnd(34)}${text}`);
const fromEnd = () =>
  page.locator(LOG).evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);

await signIn(page);
say("fleet", `${await nodes()} nodes, ${(await heap()).toFixed(1)} MB`);

const before = await metrics();
const start = Date.now();
await page.getByRole("link", { name: "Long transcript" }).click();
await page.locator(".transcript-row").first().waitFor();
const wall = Date.now() - start;
const cpu = (await metrics()).TaskDuration - before.TaskDuration;
await page.waitForTimeout(500);
say(
  "open 100,000 events",
  `${wall} ms, CPU ${cpu.toFixed(2)} s, ${await nodes()} nodes, ${(await heap()).toFixed(1)} MB, ${await fromEnd()} px from the end`,
);

await page.locator(LOG).hover();
const scrolled = await watch(async () => {
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    await page.mouse.wheel(0, -900);
    await page.waitForTimeout(16);
  }
});
const top = await page.evaluate(() => document.querySelector(".transcript-row time")?.dateTime);
say(
  "scroll up 10 s",
  `${scrolled}, ${await nodes()} nodes, ${(await heap()).toFixed(1)} MB, at ${top}`,
);

/** The largest jump of the row under the eye while `work` runs. */
async function movement(work) {
  await page.evaluate(() => {
    const rows = [...document.querySelectorAll("[data-index]")];
    const row = rows.find((each) => each.getBoundingClientRect().top > 300);
    const anchor = row?.getBoundingClientRect().top ?? 0;
    window.__moved = 0;
    window.__moving = true;
    const frame = () => {
      if (row?.isConnected) {
        window.__moved = Math.max(
          window.__moved,
          Math.abs(row.getBoundingClientRect().top - anchor),
        );
      }
      if (window.__moving) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await work();
  return page.evaluate(() => {
    window.__moving = false;
    return window.__moved;
  });
}

const control = (name) =>
  page.request.post(`${BASE}/mock/${name}?agent=long&rate=${RATE}&seconds=${SECONDS}`);

await page.waitForTimeout(500);
const moved = await movement(() => control("burst"));
say("reading while events rain", `moved ${moved.toFixed(2)} px`);
say("", (await page.getByRole("button", { name: /new step|latest/ }).textContent()) ?? "");
await page.getByRole("button", { name: /new step|latest/ }).click();
await page.waitForTimeout(500);
say("jump to the end", `${(await fromEnd()).toFixed(0)} px from the end`);

let late = 0;
const rained = await watch(async () => {
  await control("burst");
  const ended = Date.now();
  await page.waitForFunction((log) => {
    const element = document.querySelector(log);
    return element && element.scrollHeight - element.scrollTop - element.clientHeight < 2;
  }, LOG);
  late = Date.now() - ended;
});
say(`${RATE} events/s for ${SECONDS} s`, `${rained}, behind ${late} ms at the end`);
say("", `${await nodes()} nodes, ${(await heap()).toFixed(1)} MB`);

const written = await watch(() => control("deltas"));
say(`${RATE} text deltas/s for ${SECONDS} s`, written);
await page.waitForTimeout(300);
say("", `${(await fromEnd()).toFixed(0)} px from the end, ${(await heap()).toFixed(1)} MB`);

await context.close();
