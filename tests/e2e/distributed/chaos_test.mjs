// Two API and three worker processes under load, and one fault a test. After each: every acknowledged event came to
// every webhook, order held, and at most what was in flight at the fault came twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { underLoad } from "../support/fleet.mjs";
import { sleep, until } from "../support/wait.mjs";

const limit = { timeout: 240_000 };
const leaseMs = 6_000;
const takeoverMsMax = 10_000;
const redisDownMs = 30_000;

/// A worker that was out long enough to lose its webhooks is given some again.
function rejoined(fleet, worker) {
  return until("the worker sends again", () => fleet.ownedBy(worker).length > 0, 20_000);
}

async function takenOver(fleet, at, paths) {
  assert.ok(paths.length > 0, "it owned a webhook");
  const ms = await fleet.deliveredSince(at, paths, takeoverMsMax + 5_000);
  fleet.t.diagnostic(`${paths.length} webhooks went on after ${ms} ms`);
  assert.ok(ms <= takeoverMsMax, `a takeover took ${ms} ms`);
}

test("killed_workers_and_api_processes_lose_nothing", limit, (t) => underLoad(t, {}, async (fleet) => {
  const { cluster } = fleet;
  let doublesMax = 0;
  const kills = ["worker", "api", "worker", "api", "worker"];
  for (const kind of kills) {
    await sleep(500 + Math.random() * 1_500);
    const list = kind === "worker" ? cluster.workers : cluster.apis;
    const victim = list[Math.floor(Math.random() * list.length)];
    if (kind === "api") {
      await cluster.kill9(victim);
      await sleep(1_000);
      await cluster.startApi();
      continue;
    }
    const paths = fleet.ownedBy(victim);
    doublesMax += fleet.inFlightMax(victim);
    const at = Date.now();
    await cluster.kill9(victim);
    await takenOver(fleet, at, paths);
    await cluster.startWorker();
    await sleep(3_000);  // a share for the new one
  }
  return doublesMax;
}));

test("a_killed_postgresql_costs_its_downtime_and_no_event", limit, (t) => underLoad(t, {}, async (fleet) => {
  const { cluster } = fleet;
  const doublesMax = fleet.inFlightMax(...cluster.workers);
  await cluster.postgres.kill();
  for (const end = Date.now() + 3_000; Date.now() < end; await sleep(100)) {
    for (const answer of await Promise.all(cluster.apis.map((api) => fleet.post(api)))) {
      assert.equal(answer.status, 503, answer.text);
      assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/);
      assert.ok(answer.ms <= 1_000, `503 after ${answer.ms} ms`);
    }
  }
  await cluster.postgres.restart();
  const back = Date.now();
  for (const api of cluster.apis) await until("events are taken", async () => (await fleet.post(api)).status === 202, 10_000);
  t.diagnostic(`events are taken ${Date.now() - back} ms after PostgreSQL is back`);
  assert.ok(Date.now() - back <= 5_000, `events are taken only ${Date.now() - back} ms after its return`);
  t.diagnostic(`all webhooks go on after ${await fleet.deliveredSince(back, fleet.paths, 15_000)} ms`);
  await sleep(4_000);
  return doublesMax;
}));

test("a_wiped_redis_costs_nothing", limit, (t) => underLoad(t, {}, async (fleet) => {
  for (let n = 0; n < 6; n++) {
    await fleet.cluster.redis.flushAll();
    await sleep(500 + Math.random() * 500);
  }
}));

test("a_stopped_redis_costs_speed_only", limit, (t) => underLoad(t, {}, async (fleet) => {
  const { cluster } = fleet;
  const from = Date.now();
  await cluster.redis.kill();
  while (Date.now() < from + redisDownMs) {
    for (const answer of await Promise.all(cluster.apis.map((api) => fleet.post(api)))) {
      assert.equal(answer.status, 202, answer.text);
      assert.ok(answer.ms <= 1_000, `202 after ${answer.ms} ms`);
    }
    await sleep(500);
  }
  const pause = Math.max(...fleet.paths.map((path) => fleet.ledger.longestPauseMs(path, from, Date.now())));
  t.diagnostic(`the longest pause of a webhook without Redis: ${pause} ms`);
  assert.ok(pause <= 3_000, `a webhook paused for ${pause} ms`);
  await cluster.redis.restart();
  await sleep(3_000);
}));

test("a_redis_that_one_worker_cannot_hear_costs_speed_only", limit, (t) => underLoad(t, { proxied: 1 }, async (fleet) => {
  const [worker] = fleet.cluster.workers;
  const from = Date.now();
  worker.proxies.redis.hold();
  await sleep(8_000);
  worker.proxies.redis.cut();
  await sleep(2_000);
  const pause = Math.max(...fleet.paths.map((path) => fleet.ledger.longestPauseMs(path, from, Date.now())));
  t.diagnostic(`the longest pause of a webhook: ${pause} ms`);
  assert.ok(pause <= 3_000, `a webhook paused for ${pause} ms`);
  worker.proxies.redis.pass();
  await sleep(2_000);
}));

test("a_worker_stopped_past_its_lease_blocks_nobody_and_harms_nothing_when_it_wakes", limit, (t) => underLoad(t, {}, async (fleet) => {
  const [worker] = fleet.cluster.workers;
  const paths = fleet.ownedBy(worker);
  const doublesMax = fleet.inFlightMax(worker);
  const at = Date.now();
  fleet.cluster.pause(worker);
  await takenOver(fleet, at, paths);
  await sleep(Math.max(0, at + 2 * leaseMs - Date.now()));
  fleet.cluster.resume(worker);
  await rejoined(fleet, worker);
  await sleep(2_000);
  return doublesMax;
}));

test("a_worker_cut_off_from_postgresql_stops_before_others_take_over", limit, (t) => underLoad(t, { proxied: 1 }, async (fleet) => {
  const [worker] = fleet.cluster.workers;
  const paths = fleet.ownedBy(worker);
  const inFlight = fleet.inFlightMax(worker);
  const at = Date.now();
  worker.proxies.postgres.hold();
  await takenOver(fleet, at, paths);
  await sleep(Math.max(0, at + 2 * leaseMs - Date.now()));
  const sent = fleet.sentBy(worker, at);
  t.diagnostic(`the one cut off sent ${sent.count} more, the last after ${Math.max(0, sent.lastAt - at)} ms`);
  assert.ok(sent.lastAt <= at + leaseMs, `it still sent ${sent.lastAt - at} ms after it was cut off`);
  worker.proxies.postgres.cut();
  await sleep(3_000);
  worker.proxies.postgres.pass();
  await rejoined(fleet, worker);
  await sleep(2_000);
  // What it sent while cut off it could not have committed.
  return inFlight + sent.count;
}));
