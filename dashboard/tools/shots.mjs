/**
 * Pictures of every page in both themes and two sizes, and what axe finds on them.
 * Needs the mock server with a build: STATIC=dist PORT=4100 npm run mock; a second one with
 * FLEET=empty on EMPTY (default port 4101). Usage: node tools/shots.mjs DIRECTORY [NAME]
 */
import { mkdirSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import { BASE, open, signIn } from "./browser.mjs";

const EMPTY = process.env.EMPTY ?? "http://127.0.0.1:4101";
const directory = process.argv[2] ?? "shots";
const only = process.argv[3];
mkdirSync(directory, { recursive: true });

const SIZES = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const settle = (page) => page.waitForTimeout(500);

const SCENES = {
  "1-sign-in": async (page) => {
    await page.request.post(`${BASE}/auth/logout`);
    await page.goto(BASE);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  },
  "2-empty": async (page) => {
    await page.goto(EMPTY);
    await page.getByText("No agents yet").waitFor();
  },
  "3-fleet": async (page) => {
    await page.goto(BASE);
    await page.getByRole("heading", { name: "Waiting for you" }).waitFor();
  },
  "4-start": async (page) => {
    await page.goto(`${BASE}/?new=true`);
    await page.getByRole("dialog").waitFor();
  },
  "5-streaming": async (page) => {
    await page.goto(`${BASE}/agents/payments`);
    await page.getByText("different currencies").last().waitFor();
    await page.waitForTimeout(2500);
  },
  "6-question": async (page) => {
    await page.goto(`${BASE}/agents/bumper`);
    await page.getByText("Needs an answer").waitFor();
  },
  "7-several": async (page) => {
    await page.goto(`${BASE}/agents/triager`);
    await page.getByText("Needs an answer").waitFor();
    await page.getByLabel("Questions").check();
  },
  "8-failed": async (page) => {
    await page.goto(`${BASE}/agents/auth`);
    await page.getByText("out of memory").last().waitFor();
  },
  "9-stop": async (page) => {
    await page.goto(`${BASE}/agents/report`);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("dialog").waitFor();
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    if (focused !== "Cancel") throw new Error(`focus is on ${focused}, not on Cancel`);
  },
  "10-unfolded": async (page) => {
    await page.goto(`${BASE}/agents/auth`);
    await page.getByText("out of memory").last().waitFor();
    await page.getByRole("button", { name: "Unfold all steps" }).click();
  },
  "11-missing": async (page) => {
    await page.goto(`${BASE}/agents/nobody`);
    await page.getByText("There is no such agent").waitFor();
  },
};

let found = 0;
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await open({ viewport, colorScheme, hasTouch: size === "phone" });
    const page = context.pages()[0] ?? (await context.newPage());
    page.on("pageerror", (error) => console.log(`! ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") console.log(`  console: ${message.text()}`);
    });
    for (const [name, scene] of Object.entries(SCENES)) {
      if (only && !name.includes(only) && name !== "1-sign-in") continue;
      const label = `${name}-${size}-${colorScheme}`;
      try {
        await scene(page);
        await settle(page);
        await page.screenshot({ path: `${directory}/${label}.png` });
        const { violations } = await new AxeBuilder({ page }).analyze();
        for (const { id, nodes, help } of violations) {
          found += nodes.length;
          console.log(`${label}: ${id} (${help})`);
          for (const node of nodes.slice(0, 3)) console.log(`    ${node.html.slice(0, 200)}`);
        }
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth > window.innerWidth,
        );
        if (wide) console.log(`${label}: scrolls sideways`);
      } catch (error) {
        found += 1;
        console.log(`${label}: ${error.message.split("\n")[0]}`);
      }
      if (name === "1-sign-in") await signIn(page);
    }
    await context.close();
  }
}
console.log(`${found} findings`);
process.exitCode = found > 0 ? 1 : 0;
