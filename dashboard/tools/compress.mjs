/** Packs what is worth it beside itself (.br, .gz): the manager serves these as they are. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const LEAST_BYTES = 1000;
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };

for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(js|css|html|svg|webmanifest|txt)$/.test(name)) continue;
  const file = new URL(name.replaceAll("\\", "/"), dist);
  const bytes = readFileSync(file);
  if (bytes.length < LEAST_BYTES) continue;
  writeFileSync(`${file.pathname}.br`, brotliCompressSync(bytes, quality));
  writeFileSync(`${file.pathname}.gz`, gzipSync(bytes, { level: 9 }));
}
