/** A headless Chromium of the system, signed in to the mock server. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const BASE = process.env.BASE ?? "http://127.0.0.1:4100";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-precise-memory-info",
];

/** Opens a context; `options` as Playwright's (viewport, colorScheme …). */
export async function open(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), "dashboard-"));
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    ...options,
  });
}

export async function signIn(page) {
  await page.goto(BASE);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill("rehearsal");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Fleet", level: 1 }).waitFor();
}
