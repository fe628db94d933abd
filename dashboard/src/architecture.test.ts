import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** Lower layers first; a file may import from its own layer and those before it. */
const LAYERS = ["lib", "components", "api", "live", "features", "routes", "app"];
/** Lines a file may have. */
const MOST_LINES = 300;

const root = dirname(fileURLToPath(import.meta.url));

interface File {
  path: string;
  text: string;
}

const files: File[] = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith("schema.ts"))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** Paths below src that a file imports; packages are left out. */
function importsOf({ path, text }: File): string[] {
  const names = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
  return names.flatMap((name) => {
    if (name?.startsWith("@/")) return [name.slice(2)];
    if (name?.startsWith(".")) return [relative(root, join(root, dirname(path), name))];
    return [];
  });
}

const layerOf = (path: string): number => LAYERS.indexOf(path.split(sep)[0] ?? "");

describe("the layers", () => {
  const inLayers = files.filter(({ path }) => layerOf(path) >= 0);

  it("import only downwards", () => {
    const wrong = inLayers.flatMap((file) =>
      importsOf(file)
        .filter((name) => layerOf(name) > layerOf(file.path))
        .map((name) => `${file.path} → ${name}`),
    );
    expect(wrong).toEqual([]);
    expect(inLayers.flatMap(importsOf).length).toBeGreaterThan(100);
  });

  it("keep features apart", () => {
    const featureOf = (path: string) => path.split(sep).slice(0, 2).join("/");
    const wrong = inLayers
      .filter(({ path }) => path.startsWith("features"))
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => name.startsWith("features") && featureOf(name) !== featureOf(file.path))
          .map((name) => `${file.path} → ${name}`),
      );
    expect(wrong).toEqual([]);
  });
});

it("no file is long", () => {
  const long = files.filter(({ text }) => text.split("\n").length > MOST_LINES);
  expect(long.map(({ path }) => path)).toEqual([]);
});
