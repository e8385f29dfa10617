// Runs the end-to-end tests on one store: starts the PostgreSQL that the files share, runs node's test runner, ends
// everything.
//   run.mjs SUITE [FILE...]     SUITE: sqlite, postgres, postgres-redis, distributed, browser, browser-postgres
// `distributed` is the tests in distributed/, one file after the other: they load the machine, measure times, and kill
// the servers that they start. `browser` is those of the dashboard in browser/, on SQLite; on PostgreSQL a selection.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { killTree } from "./support/children.mjs";
import { Postgres } from "./support/postgres.mjs";

const limitMs = 20 * 60_000;
const here = path.dirname(fileURLToPath(import.meta.url));
// Most of the stores' time is waiting: more files at once than there are cores.
const many = availableParallelism() + 1;
const suites = {
  sqlite: { store: "sqlite", concurrency: many },
  postgres: { store: "postgres", concurrency: many },
  "postgres-redis": { store: "postgres-redis", concurrency: many },
  distributed: { store: "sqlite", folder: "distributed", concurrency: 1 },
  browser: { store: "sqlite", folder: "browser", concurrency: 2 },
  "browser-postgres": { store: "postgres", folder: "browser", concurrency: 2, only: ["dead_letters_test.mjs", "first_delivery_test.mjs"] },
};
const [name, ...given] = process.argv.slice(2);
const suite = suites[name];
if (!suite) {
  console.error(`usage: run.mjs ${Object.keys(suites).join("|")} [FILE...]`);
  process.exit(2);
}
const directory = path.join(here, suite.folder ?? "");
const named = suite.only ?? readdirSync(directory).filter((file) => file.endsWith("_test.mjs")).sort();
const files = given.length > 0 ? given : named.map((file) => path.join(directory, file));

const env = { ...process.env };
delete env.EVENTRELAY_E2E_POSTGRES_URL;
env.EVENTRELAY_E2E_STORE = suite.store;
if (suite.store.startsWith("postgres")) env.EVENTRELAY_E2E_POSTGRES_URL = (await Postgres.start({ fast: true })).url();

const child = spawn(process.execPath, ["--test", `--test-concurrency=${suite.concurrency}`, ...files], { stdio: "inherit", env });
// A signal ends the test files first, each of which ends what it has started.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
  process.removeAllListeners(signal);
  process.on(signal, () => child.kill("SIGTERM"));
}
setTimeout(() => {
  console.error(`${name}: not done within ${limitMs / 60_000} minutes`);
  killTree(child.pid);
}, limitMs);
child.on("exit", (code) => process.exit(code ?? 1));
