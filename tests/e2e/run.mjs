// Runs the end-to-end tests on one store: starts the PostgreSQL that the files share, runs node's test runner, ends
// everything.
//   run.mjs STORE [FILE...]     STORE: sqlite, postgres, postgres-redis, distributed
// `distributed` is the tests in distributed/, one file after the other: they load the machine, measure times, and kill
// the servers that they start.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { killTree } from "./support/children.mjs";
import { Postgres } from "./support/postgres.mjs";

const limitMs = 20 * 60_000;
const here = path.dirname(fileURLToPath(import.meta.url));
const [store, ...given] = process.argv.slice(2);
if (!["sqlite", "postgres", "postgres-redis", "distributed"].includes(store)) {
  console.error("usage: run.mjs sqlite|postgres|postgres-redis|distributed [FILE...]");
  process.exit(2);
}
const distributed = store === "distributed";
const directory = distributed ? path.join(here, "distributed") : here;
const files = given.length > 0 ? given
  : readdirSync(directory).filter((name) => name.endsWith("_test.mjs")).sort().map((name) => path.join(directory, name));

const env = { ...process.env };
delete env.EVENTRELAY_E2E_POSTGRES_URL;
env.EVENTRELAY_E2E_STORE = distributed ? "sqlite" : store;
if (store.startsWith("postgres")) env.EVENTRELAY_E2E_POSTGRES_URL = (await Postgres.start({ fast: true })).url();

// Most of the suite's time is waiting: more files at once than there are cores.
const concurrency = distributed ? 1 : availableParallelism() + 1;
const child = spawn(process.execPath, ["--test", `--test-concurrency=${concurrency}`, ...files], { stdio: "inherit", env });
// A signal ends the test files first, each of which ends what it has started.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
  process.removeAllListeners(signal);
  process.on(signal, () => child.kill("SIGTERM"));
}
setTimeout(() => {
  console.error(`${store}: not done within ${limitMs / 60_000} minutes`);
  killTree(child.pid);
}, limitMs);
child.on("exit", (code) => process.exit(code ?? 1));
