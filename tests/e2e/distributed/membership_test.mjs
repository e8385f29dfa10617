// Processes that come and go as planned: nothing lost, nothing doubled, no pause.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gapMs, underLoad } from "../support/fleet.mjs";
import { sleep, until } from "../support/wait.mjs";

const limit = { timeout: 180_000 };
const pauseMsMax = 1_000;
const joinMsMax = 30_000;  // a newcomer's share grows in steps

function longestPause(fleet, from) {
  const pauses = fleet.paths.map((path) => [fleet.ledger.longestPauseMs(path, from, Date.now()), path]);
  const [ms, path] = pauses.sort(([a], [b]) => b - a)[0];
  fleet.t.diagnostic(`the longest pause: ${ms} ms at ${path}`);
  assert.ok(ms <= pauseMsMax + gapMs, `${path} paused for ${ms} ms`);
}

test("a_rolling_restart_loses_and_doubles_nothing_and_pauses_no_webhook", limit, (t) => underLoad(t, {}, async (fleet) => {
  const { cluster } = fleet;
  const from = Date.now();
  for (const api of [...cluster.apis]) {
    await cluster.startApi();
    assert.deepEqual(await cluster.stop(api), { code: 0, signal: null }, api.log);
    await sleep(500);
  }
  for (const worker of [...cluster.workers]) {
    await cluster.startWorker();
    assert.deepEqual(await cluster.stop(worker), { code: 0, signal: null }, worker.log);
    await sleep(500);
  }
  await sleep(1_000);
  longestPause(fleet, from);
}));

test("a_worker_that_joins_takes_a_share_and_gives_it_back_when_it_leaves", limit, (t) => underLoad(t, { workers: 1 }, async (fleet) => {
  const { cluster } = fleet;
  const [first] = cluster.workers;
  const from = Date.now();
  const second = await cluster.startWorker();
  const third = Math.floor(fleet.paths.length / 3);
  await until(() => `a share of ${third} for both: ${fleet.ownedBy(first)} | ${fleet.ownedBy(second)}`,
              () => fleet.ownedBy(second).length >= third && fleet.ownedBy(first).length >= third, joinMsMax);
  t.diagnostic(`shared after ${Date.now() - from} ms`);
  await sleep(2_000);  // both work, however soon they shared
  assert.deepEqual(await cluster.stop(second), { code: 0, signal: null }, second.log);
  await fleet.deliveredSince(Date.now(), fleet.paths, 5_000);
  longestPause(fleet, from);
}));
