// A Redis that answers and is of no use: deliveries are as soon as without one, and /readyz says what is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, readiness } from "../support/cluster.mjs";
import { Proxy } from "../support/proxy.mjs";
import { Receiver } from "../support/receiver.mjs";
import { Redis } from "../support/redis.mjs";
import { sleep, until } from "../support/wait.mjs";

const limit = { timeout: 120_000 };
const events = 20;
const lateMsMax = 400;  // the log is read every 25 ms; the machine is busy

/// What /readyz says of Redis, once it says this.
function redisIs(server, wanted) {
  let said;
  return until(() => `${wanted} of Redis, not ${said}`, async () => {
    said = (await readiness(server)).json.dependencies.redis;
    return wanted instanceof RegExp ? wanted.test(said) : said === wanted;
  }, 10_000);
}

/// Sends events one after the other, with pauses; the longest that one took to come.
async function latestMs(api, receiver, path) {
  let latest = 0;
  for (let n = 0; n < events; n++) {
    const before = receiver.at(path).length;
    const from = Date.now();
    await api.event("redis.t", n);
    await receiver.received(path, before + 1, 5_000);
    latest = Math.max(latest, Date.now() - from);
    await sleep(100);
  }
  return latest;
}

test("a_redis_that_refuses_writes_makes_no_delivery_later_than_none_at_all", limit, async (t) => {
  const cluster = await Cluster.start({ apis: 1, workers: 1, postgres: { fast: true } });
  const receiver = await Receiver.start();
  const [api] = cluster.apis, [worker] = cluster.workers;
  await api.webhook(receiver.url("/refused"), { event_types: ["redis.t"] });
  await redisIs(worker, "ready");
  await latestMs(api, receiver, "/refused");
  for (const [refuses, takes, says] of [
    [["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], /^refuses writes: OOM /],
    [["ACL", "SETUSER", "default", "-xadd"], ["ACL", "SETUSER", "default", "+xadd"], /^refuses writes: NOPERM /],
  ]) {
    await cluster.redis.command(...refuses);
    await Promise.all([api, worker].map((server) => redisIs(server, says)));
    const latest = await latestMs(api, receiver, "/refused");
    t.diagnostic(`${says}: the latest came after ${latest} ms`);
    assert.ok(latest <= lateMsMax, `one came after ${latest} ms`);
    await cluster.redis.command(...takes);
    await Promise.all([api, worker].map((server) => redisIs(server, "ready")));
  }
  await cluster.redis.command("ACL", "SETUSER", "default", "-xread");
  await redisIs(worker, /^streams cannot be read: NOPERM /);
  await redisIs(api, "ready");
  const latest = await latestMs(api, receiver, "/refused");
  assert.ok(latest <= lateMsMax, `one came after ${latest} ms`);
  await cluster.dispose();
});

test("after_a_failover_behind_one_name_all_go_to_the_new_master", limit, async () => {
  const cluster = await Cluster.start({ apis: 0, workers: 0, postgres: { fast: true } });
  const [old, next] = [cluster.redis, await Redis.start()];
  const name = await Proxy.start(old.port);
  cluster.redis = { url: `redis://127.0.0.1:${name.port}`, dispose: () => Promise.all([old.dispose(), next.dispose()]) };
  await cluster.startApi();
  await cluster.startWorker();
  const receiver = await Receiver.start();
  const [api] = cluster.apis, [worker] = cluster.workers;
  await api.webhook(receiver.url("/failover"), { event_types: ["redis.t"] });
  await Promise.all([api, worker].map((server) => redisIs(server, "ready")));
  await latestMs(api, receiver, "/failover");
  await old.command("REPLICAOF", "127.0.0.1", `${next.port}`);
  await Promise.all([api, worker].map((server) => redisIs(server, /^refuses writes: READONLY /)));
  assert.ok(await latestMs(api, receiver, "/failover") <= lateMsMax);
  name.targetPort = next.port;
  await Promise.all([api, worker].map((server) => redisIs(server, "ready")));
  // The old one is out of the picture altogether: neither is anybody connected to it.
  await until("both have left the old one", async () => !/name=eventrelay/.test(await old.command("CLIENT", "LIST")));
  await latestMs(api, receiver, "/failover");
  assert.notEqual(await next.command("DBSIZE"), "0");
  assert.doesNotMatch(api.log + worker.log, /is gone/);
  await cluster.dispose();
});
