import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** Words and shapes say the state too; colours must still be told apart by everybody. */
const STATES = ["running", "waiting", "failed", "done", "off"];
const TEXTS = [...STATES, "ink", "dim", "accent"];
const GROUNDS = ["bg", "panel", "sunk", "hover"];
const LEAST_CONTRAST = 4.5;
const LEAST_DISTANCE = 0.08;

type Vector = [number, number, number];

/** Machado et al. 2009, severity 1, on linear RGB. */
const VISIONS: Record<string, [Vector, Vector, Vector]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

function colour(name: string, theme: "light" | "dark"): string {
  const match = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css);
  const value = match?.[theme === "light" ? 1 : 2];
  if (!value) throw new Error(`no colour ${name}`);
  return value;
}

function linear(hex: string): Vector {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const luminance = (hex: string): number => dot([0.2126, 0.7152, 0.0722], linear(hex));

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function oklab(rgb: Vector): Vector {
  const root = (weights: Vector) => Math.cbrt(Math.max(0, dot(weights, rgb)));
  const lms: Vector = [
    root([0.4122214708, 0.5363325363, 0.0514459929]),
    root([0.2119034982, 0.6806995451, 0.1073969566]),
    root([0.0883024619, 0.2817188376, 0.6299787005]),
  ];
  return [
    dot([0.2104542553, 0.793617785, -0.0040720468], lms),
    dot([1.9779984951, -2.428592205, 0.4505937099], lms),
    dot([0.0259040371, 0.7827717662, -0.808675766], lms),
  ];
}

function distance(a: string, b: string, vision: [Vector, Vector, Vector]): number {
  const seen = (hex: string) => {
    const rgb = linear(hex);
    return oklab([dot(vision[0], rgb), dot(vision[1], rgb), dot(vision[2], rgb)]);
  };
  const [x, y] = [seen(a), seen(b)];
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

describe.each(["light", "dark"] as const)("the %s palette", (theme) => {
  it.each(TEXTS)("%s can be read on every ground", (name) => {
    for (const ground of GROUNDS) {
      const found = contrast(colour(name, theme), colour(ground, theme));
      expect(found, ground).toBeGreaterThanOrEqual(LEAST_CONTRAST);
    }
  });

  it.each(Object.keys(VISIONS))("states differ for %s vision", (kind) => {
    const vision = VISIONS[kind];
    if (!vision) throw new Error(kind);
    for (const [at, a] of STATES.entries()) {
      for (const b of STATES.slice(at + 1)) {
        const found = distance(colour(a, theme), colour(b, theme), vision);
        expect(found, `${a} and ${b}`).toBeGreaterThanOrEqual(LEAST_DISTANCE);
      }
    }
  });

  it("white can be read on the accent", () => {
    expect(contrast("#ffffff", colour("accent-fill", theme))).toBeGreaterThanOrEqual(
      LEAST_CONTRAST,
    );
  });
});
