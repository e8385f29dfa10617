// Debian's Chromium, and pages in it that complain: a test ends with `page.end()`, which fails for anything that the
// page wrote to its console, for what its Content-Security-Policy refused, and for answers that nobody expected.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const executable = process.env.EVENTRELAY_CHROMIUM ?? "/usr/bin/chromium";
const waitMs = 15_000;
/// Of one test: `{ timeout: testMs }`.
export const testMs = 90_000;
export const wide = { width: 1280, height: 860 };
export const narrow = { width: 360, height: 740 };
export const themes = ["light", "dark"];
/// Where pictures of the pages go.
export const screenshots = fileURLToPath(new URL("../../../build/screenshots/", import.meta.url));

let browser;
after(() => browser?.close());

async function launch() {
  assert.ok(existsSync(executable), `no ${executable}: ./dev setup installs it`);
  // A sandbox of its own needs rights that containers rarely give; the pages are ours.
  browser ??= await chromium.launch({ executablePath: executable, args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"] });
  return browser;
}

/// A browser with nothing in it but this person's session (none: nobody is signed in), and its first page.
/// expected: statuses of answers that may come, besides those below 400.
export async function openPage(server, { person, at = "/", theme = "light", size = wide, expected = [] } = {}) {
  const context = await (await launch()).newContext({ baseURL: server.origin, viewport: size, colorScheme: theme, reducedMotion: "reduce" });
  context.setDefaultTimeout(waitMs);
  if (person) {
    const [name, ...value] = person.cookie.split("=");
    await context.addCookies([{ name, value: value.join("="), url: server.origin, httpOnly: true, sameSite: "Strict" }]);
  }
  const page = await context.newPage();
  // Whether somebody is signed in is asked of the server, which says no by a 401.
  const watched = watch(page, person ? expected : [...expected, 401]);
  page.check = () => assert.deepEqual(watched.complaints, []);
  page.allow = (status) => watched.allowed.push(status);
  page.end = async () => {
    page.check();
    await context.close();
  };
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`refused by ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
  });
  if (at) await page.goto(at);
  return page;
}

function watch(page, expected) {
  const complaints = [];
  const allowed = [...expected];
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    // What did not load is seen below, with its status.
    if (["error", "warning"].includes(message.type()) && !message.text().startsWith("Failed to load resource")) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !allowed.includes(response.status())) complaints.push(`${response.request().method()} ${response.url()} -> ${response.status()}`);
  });
  return { complaints, allowed };
}

/// The page stands: its heading is there and nothing loads any more.
export async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], [role="status"][aria-label="Loading"]'));
  await page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))));
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/// What axe finds that is serious or critical, as lines.
export async function seriousFindings(page) {
  // By the debugger, which the page's policy does not hold.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) => `${target.join(" ")} (${any[0]?.message ?? ""})`).join("; ")}`);
}

/// How many pixels the page is wider than its window.
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

export async function picture(page, name) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), animations: "disabled" });
}
