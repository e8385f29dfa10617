// A PostgreSQL that stands still: every request is answered, and soon. A Redis that is gone: it is seen in the metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../support/cluster.mjs";
import { Receiver } from "../support/receiver.mjs";
import { sleep, until } from "../support/wait.mjs";

const silentMs = 12_000;   // connections are given up meanwhile, and new ones tried in vain
const answerMsMax = 1_200;  // a second is promised; the machine is busy

test("while_postgresql_says_nothing_every_request_gets_503_within_a_second", { timeout: 120_000 }, async (t) => {
  const cluster = await Cluster.start({ apis: 1, workers: 1, redis: false, postgres: { fast: true } });
  const [api] = cluster.apis;
  const url = "http://127.0.0.1:9/";
  const hook = await api.webhook(url, { event_types: ["silent.t"] });
  const { id } = await api.event("silent.t");
  const requests = {
    "an event": ["POST", "/api/events", { type: "silent.t", payload: 1 }],
    "an event with a key": ["POST", "/api/events", { type: "silent.t", payload: 1 }, { "idempotency-key": "k" }],
    "a new webhook": ["POST", "/api/webhooks", { url, event_types: ["silent.t"] }],
    "a patch": ["PATCH", `/api/webhooks/${hook.id}`, { description: "changed" }],
    "a new key": ["POST", "/api/keys", { name: "silent", scope: "read" }],
    "a replay": ["POST", `/api/events/${id}/replay`, {}],
    "a list": ["GET", "/api/events"],
    "a webhook": ["GET", `/api/webhooks/${hook.id}`],
    "metrics": ["GET", "/api/metrics"],
  };
  await sleep(500);
  cluster.postgres.pause();
  const from = Date.now();
  let slowest = 0;
  while (Date.now() < from + silentMs) {
    await Promise.all(Object.entries(requests).map(async ([what, [method, path, body, headers]]) => {
      const at = Date.now();
      const answer = await api.call(method, path, body, { headers });
      slowest = Math.max(slowest, Date.now() - at);
      assert.equal(answer.status, 503, `${what}: ${answer.text}`);
      assert.equal(answer.headers["retry-after"], "1", what);
      assert.ok(Date.now() - at <= answerMsMax, `${what} was answered after ${Date.now() - at} ms`);
    }));
    await sleep(100);
  }
  t.diagnostic(`the slowest answer took ${slowest} ms`);
  cluster.postgres.resume();
  await until("changes are taken again", async () =>
    (await api.call("PATCH", `/api/webhooks/${hook.id}`, { description: "after" })).status === 200);
  await api.event("silent.t");
  await cluster.dispose();
});

test("what_does_not_go_over_redis_is_counted", { timeout: 60_000 }, async () => {
  const cluster = await Cluster.start({ apis: 1, workers: 1, postgres: { fast: true } });
  const [api] = cluster.apis;
  const dropped = async () =>
    Number(/^eventrelay_stream_entries_dropped_total (\S+)$/m.exec((await api.call("GET", "/metrics")).text)[1]);
  await api.webhook("http://127.0.0.1:9/", { event_types: ["gone.t"] });
  await api.event("gone.t");
  await sleep(500);
  assert.equal(await dropped(), 0);
  await cluster.redis.kill();
  await until("the metric rises", async () => {
    await api.event("gone.t");
    return await dropped() > 0;
  });
  await cluster.dispose();
});

/// SIGTERM; how long it took.
async function stopMs(cluster, server) {
  const from = Date.now();
  assert.deepEqual(await cluster.stop(server), { code: 0, signal: null }, server.log);
  return Date.now() - from;
}

test("without_postgresql_a_stop_takes_no_longer_than_is_documented_and_loses_nothing", { timeout: 180_000 }, async (t) => {
  const cluster = await Cluster.start({ apis: 3, workers: 2, redis: false, postgres: { fast: true } });
  const [idle, committing, api] = cluster.apis;
  const [idleWorker, busyWorker] = cluster.workers;
  const receiver = await Receiver.start();
  let answer;
  receiver.on("/held", (response, _, n) => (n === 1 ? (answer = response) : response.writeHead(204).end()));
  const hook = await api.webhook(receiver.url("/held"), { event_types: ["silent.t"], timeout_ms: 30_000 });
  cluster.postgres.pause();
  const posted = committing.call("POST", "/api/events", { type: "silent.other", payload: 2 });
  await sleep(100);
  const ms = await Promise.all([idle, committing, idleWorker].map((server) => stopMs(cluster, server)));
  t.diagnostic(`ms: an idle API process, one with a commit, an idle worker: ${ms}`);
  assert.equal((await posted).status, 503);
  [8_000, 20_000, 12_000].forEach((most, n) => assert.ok(ms[n] <= most, `${ms[n]} ms instead of ${most}`));

  cluster.postgres.resume();
  // The connection for attempts' ends is there: what is sent over it when nothing is heard any more is in a commit.
  const before = await api.event("silent.t", 0);
  await api.delivery(before.id, "succeeded", hook.id, 30_000);
  const { id } = await api.event("silent.t", 1);
  await until("it is under way", () => answer);
  const stopped = stopMs(cluster, busyWorker);
  await sleep(25_000);
  cluster.postgres.pause();  // amid the drain
  await sleep(3_000);
  answer.writeHead(204).end();  // its end cannot be committed
  const busyMs = await stopped;
  t.diagnostic(`a worker with an attempt under way: ${busyMs} ms`);
  assert.ok(busyMs <= 36_000, `${busyMs} ms`);
  cluster.postgres.resume();
  await cluster.startWorker();
  // Whether its end was committed is unknown; else it is sent again.
  await api.delivery(id, "succeeded", hook.id, 60_000);
  await cluster.dispose();
});
