/**
 * Names in package-lock.json the optional packages of other platforms that the registry in use
 * does not carry. Without their names `npm ci` refuses the lock; with them it skips them, as it
 * skips every package of another platform. Run after each `npm install`.
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const SYSTEMS = ["android", "darwin", "linux", "win32", "freebsd"];
const CPUS = ["arm64", "x64", "arm", "wasm32"];

function entry(name, version, dev) {
  const parts = name.split("/").at(-1).split("-");
  const os = SYSTEMS.find((system) => parts.includes(system));
  const libc = os === "linux" && (parts.includes("musl") ? "musl" : "glibc");
  return {
    version,
    cpu: CPUS.filter((cpu) => parts.includes(cpu)),
    ...(dev && { dev }),
    ...(libc && { libc: [libc] }),
    optional: true,
    ...(os && { os: [os] }),
  };
}

let added = 0;
for (const found of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(found.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (key in lock.packages) continue;
    lock.packages[key] = entry(name, version, found.dev);
    added += 1;
  }
}
const sorted = Object.keys(lock.packages).sort();
lock.packages = Object.fromEntries(sorted.map((key) => [key, lock.packages[key]]));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added ? `named ${added} packages of other platforms` : "complete");
