// How long the dashboard's overview takes to be painted, from the address to the last chart, in Debian's Chromium.
// Usage: overview.mjs ORIGIN FIRST-LINK ROUNDS. Prints JSON, ms of each round: {"empty": [...], "full": [...]}, by what the
// browser's cache has. A browser that has just been started is not measured.
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const tests = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../tests/e2e/package.json");
const { chromium } = createRequire(tests)("playwright-core");
const [origin, link, rounds] = process.argv.slice(2);
const kCharts = 3;
const kWaitMs = 30_000;
const kPainted = "overview painted after";

const token = new URL(link).hash.slice("#token=".length);
const answer = await fetch(`${origin}/api/auth/accept`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ token, name: "Bench", email: "bench@example.com", password: "a long password of the bench" }),
});
if (answer.status !== 201) throw new Error(`accept: ${answer.status} ${await answer.text()}`);
const [name, value] = answer.headers.get("set-cookie").split(";")[0].split("=");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });

async function openContext() {
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 860 } });
  await context.addCookies([{ name, value, url: origin }]);
  const page = await context.newPage();
  await page.addInitScript(watch, [kCharts, kPainted]);
  return { context, page };
}

/// In the page, which looks at itself each frame and says when: playwright's own waiting is a script larger than the page's,
/// which would be measured too.
function watch([charts, painted]) {
  const look = () => {
    const loading = document.querySelector('[aria-busy="true"], [role="status"][aria-label="Loading"]');
    if (document.querySelectorAll("main canvas").length < charts || loading) requestAnimationFrame(look);
    // The next frame begins when this one is painted.
    else requestAnimationFrame(() => console.info(painted, performance.now()));
  };
  requestAnimationFrame(look);
}

async function paint(page) {
  const said = page.waitForEvent("console", { predicate: (message) => message.text().startsWith(kPainted), timeout: kWaitMs });
  await page.goto("/", { waitUntil: "commit" });
  return Number((await said).text().slice(kPainted.length));
}

try {
  const times = { empty: [], full: [] };
  for (let round = 0; round <= Number(rounds); ++round) {
    const { context, page } = await openContext();
    const empty = await paint(page);
    const full = await paint(page);
    await context.close();
    if (round === 0) continue;
    times.empty.push(empty);
    times.full.push(full);
  }
  console.log(JSON.stringify(times));
} finally {
  await browser.close();
}
