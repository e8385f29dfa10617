// Processes that start at once on a database that none of them has been on.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { firstToken } from "../support/people.mjs";
import { Postgres, sql } from "../support/postgres.mjs";
import { Server, binary } from "../support/server.mjs";
import { until } from "../support/wait.mjs";

let postgres;
before(async () => {
  postgres = await Postgres.start({ fast: true });
});
after(() => postgres?.dispose());

test("whoever_is_ready_knows_the_first_key_no_matter_who_made_it", { timeout: 60_000 }, async () => {
  const url = await postgres.createDatabase();
  execFileSync(binary, ["migrate", "--database-url", url], { stdio: "pipe" });
  // Nobody makes the key before all have seen that there is none.
  const holding = sql(url, "BEGIN; LOCK TABLE eventrelay.api_keys IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT");
  const locks = (mode, granted) => sql(url, `SELECT count(*) FROM pg_locks WHERE relation = 'eventrelay.api_keys'::regclass
    AND mode = '${mode}' AND granted = ${granted}`);
  await until("the table is held", async () => await locks("ShareRowExclusiveLock", true) === "1");
  const starts = Array.from({ length: 3 }, async () => {
    const server = await Server.start({ role: "api", databaseUrl: url, flags: ["--loops", "1"] });
    const answer = await server.call("GET", "/api/keys");
    return { server, answer };
  });
  const ends = await Promise.allSettled([...starts, holding]);
  await Promise.all(ends.map(({ value }) => value?.server?.dispose()));
  assert.deepEqual(ends.map(({ status, value, reason }) => reason?.message ?? value?.answer?.status ?? status), [200, 200, 200, "fulfilled"]);
});

test("a_start_waits_for_a_database_that_is_busy_with_people", { timeout: 60_000 }, async () => {
  const url = await postgres.createDatabase();
  execFileSync(binary, ["migrate", "--database-url", url], { stdio: "pipe" });
  const holding = sql(url, "SELECT pg_advisory_lock(7305, 6), pg_sleep(3)");
  await until("the lock is held", async () => await sql(url, `SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 7305 AND objid = 6 AND granted`) === "1");
  const server = await Server.start({ role: "api", databaseUrl: url, flags: ["--loops", "1"] });
  await holding;
  assert.ok(firstToken(server), server.log);
  await server.dispose();
});
