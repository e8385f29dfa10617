// How long the dashboard's overview takes to be painted, from the address to the last chart, in Debian's Chromium.
// Usage: overview.mjs ORIGIN FIRST-LINK ROUNDS. Prints JSON: ms of each round, the first with an empty cache.
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const tests = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../tests/e2e/package.json");
const { chromium } = createRequire(tests)("playwright-core");
const [origin, link, rounds] = process.argv.slice(2);
const kCharts = 3;
const kWaitMs = 30_000;

const token = new URL(link).hash.slice("#token=".length);
const answer = await fetch(`${origin}/api/auth/accept`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ token, name: "Bench", email: "bench@example.com", password: "a long password of the bench" }),
});
if (answer.status !== 201) throw new Error(`accept: ${answer.status} ${await answer.text()}`);
const [name, value] = answer.headers.get("set-cookie").split(";")[0].split("=");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
try {
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 860 } });
  await context.addCookies([{ name, value, url: origin }]);
  const page = await context.newPage();
  const times = [];
  for (let round = 0; round < Number(rounds); ++round) {
    await page.goto("/", { waitUntil: "commit" });
    const painted = await page.waitForFunction((charts) => {
      const loading = document.querySelector('[aria-busy="true"], [role="status"][aria-label="Loading"]');
      return document.querySelectorAll("main canvas").length >= charts && !loading && performance.now();
    }, kCharts, { timeout: kWaitMs });
    times.push(await painted.jsonValue());
  }
  console.log(JSON.stringify(times));
} finally {
  await browser.close();
}
