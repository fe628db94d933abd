/** Fails when what a page loads first has grown past its budget (gzip, kB = 1000 bytes). */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGETS = { "first view": 120, "agent view": 160, CSS: 12 };
const assets = new URL("../dist/assets/", import.meta.url);
const html = readFileSync(new URL("../dist/index.html", import.meta.url), "utf8");
const files = readdirSync(assets);
const size = (name) => gzipSync(readFileSync(new URL(name, assets)), { level: 9 }).length / 1000;
const sum = (names) => names.reduce((total, name) => total + size(name), 0);

const first = files.filter((name) => name.endsWith(".js") && html.includes(name));
const agent = files.filter((name) => /^AgentRoute-.*\.js$/.test(name));
const shared = agent.flatMap((name) => {
  const code = readFileSync(new URL(name, assets), "utf8");
  const imported = [...code.matchAll(/from"\.\/([^"]+\.js)"/g)].map((match) => match[1]);
  return imported.filter((each) => !first.includes(each));
});
const measured = {
  "first view": sum(first),
  "agent view": sum([...new Set([...first, ...agent, ...shared])]),
  CSS: sum(files.filter((name) => name.endsWith(".css"))),
};

let over = first.length === 0 || agent.length === 0;
for (const [name, kilobytes] of Object.entries(measured)) {
  const budget = BUDGETS[name];
  console.log(`${name}: ${kilobytes.toFixed(1)} kB gzip of ${budget}`);
  if (kilobytes > budget) over = true;
}
if (over) {
  console.error("Too large: load later what is not seen first, or leave it out.");
  process.exit(1);
}
