// A PostgreSQL that stands still: every request is answered, and soon. A Redis that is gone: it is seen in the metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../support/cluster.mjs";
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
