// Two API processes answer as one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Cluster, readiness } from "../support/cluster.mjs";
import { Receiver } from "../support/receiver.mjs";
import { never, until } from "../support/wait.mjs";

let cluster, receiver, first, second, worker;
before(async () => {
  [cluster, receiver] = await Promise.all([Cluster.start({ apis: 2, workers: 2 }), Receiver.start()]);
  [first, second] = cluster.apis;
  [worker] = cluster.workers;
});
after(async () => {
  await cluster?.dispose();
  await receiver?.stop();
});

const withKey = (key) => ({ headers: { "idempotency-key": key } });

test("a_webhook_made_on_one_matches_the_next_event_on_the_other", async () => {
  for (let n = 0; n < 30; n++) {
    const [here, there] = n % 2 ? [first, second] : [second, first];
    const hook = await here.webhook(receiver.url(`/made/${n}`), { event_types: [`made.n${n}`] });
    assert.equal((await there.event(`made.n${n}`)).deliveries, 1);
    await here.ok("PATCH", `/api/webhooks/${hook.id}`, { event_types: ["made.nothing"] });
    assert.equal((await there.event(`made.n${n}`)).deliveries, 0);
    await receiver.received(`/made/${n}`, 1);
  }
});

test("an_event_that_was_answered_comes_before_the_one_sent_next_to_the_other", async () => {
  let calls = 0;
  receiver.on("/ordered", (response) => response.writeHead(++calls % 5 === 0 ? 500 : 204).end());
  await first.webhook(receiver.url("/ordered"), { event_types: ["ordered.t"], ordered: true });
  for (let n = 0; n < 200; n++) await (n % 2 ? first : second).event("ordered.t", { n });
  // 249 attempts: each fifth fails, which makes one more.
  const sent = (await receiver.received("/ordered", 249, 20_000)).map((request) => JSON.parse(request.body).data.n);
  assert.deepEqual(sent.filter((n, at) => n !== sent[at - 1]), Array.from({ length: 200 }, (_, n) => n));
});

test("a_key_is_one_key_on_both", async () => {
  const one = await first.event("key.t", 1, {}, withKey("pair"));
  const two = await second.event("key.t", 1, {}, withKey("pair"));
  assert.deepEqual([two.id, two.duplicate], [one.id, true]);
  const other = await second.call("POST", "/api/events", { type: "key.t", payload: 2 }, withKey("pair"));
  assert.equal(other.status, 422);
});

test("a_key_used_on_both_at_once_makes_one_event", async () => {
  await first.webhook(receiver.url("/once"), { event_types: ["once.t"] });
  const ids = new Set();
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) =>
      (n % 2 ? first : second).event("once.t", round, {}, withKey(`once-${round}`))));
    assert.equal(new Set(answers.map((answer) => answer.id)).size, 1);
    assert.equal(answers.filter((answer) => !answer.duplicate).length, 1);
    ids.add(answers[0].id);
  }
  await receiver.received("/once", 20);
  await never("an event more than there are keys", () => receiver.at("/once").length > ids.size, 300);
});

test("a_change_is_in_force_everywhere_within_a_second", async () => {
  receiver.on("/changed", (response) => response.writeHead(500).end());
  const hook = await first.webhook(receiver.url("/changed"), {
    event_types: ["changed.t"], retry: { max_attempts: 100, initial_ms: 50, multiplier: 1 } });
  await first.event("changed.t");
  await receiver.received("/changed", 3);
  await second.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: false });
  const changed = Date.now();
  await never("an attempt a second after the change", () => receiver.at("/changed").some(({ at }) => at > changed + 1_000), 1_500);
  receiver.on("/changed", (response) => response.writeHead(204).end());
  const before = receiver.at("/changed").length;
  await first.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: true });
  await receiver.received("/changed", before + 1, 2_000);
});

test("what_one_has_delivered_or_refused_the_other_shows", async () => {
  receiver.answers("/shown", 500, 204);
  await first.webhook(receiver.url("/shown"), { event_types: ["shown.t"] });
  const event = await first.event("shown.t", { a: 1 });
  const delivery = await second.delivery(event.id, "succeeded");
  assert.deepEqual(delivery.attempts.map((attempt) => attempt.status_code), [500, 204]);
});

test("a_worker_serves_its_health_and_nothing_else", async () => {
  for (const path of ["/healthz", "/readyz", "/metrics"]) {
    assert.equal((await worker.call("GET", path, undefined, { key: "" })).status, 200, path);
  }
  const answer = await worker.call("POST", "/api/events", { type: "a", payload: 1 }, { check: false });
  assert.ok(answer.status >= 400, `a worker takes no events: ${answer.status}`);
});

// The last one: it stops what the others need.
test("readyz_says_which_dependency_is_missing", { timeout: 60_000 }, async () => {
  const all = [...cluster.apis, ...cluster.workers];
  const shows = (status, name) => until(`readyz ${status} ${name}`, async () => {
    const answers = await Promise.all(all.map(readiness));
    return answers.every((answer) => answer.status === status && name.test(answer.text));
  }, 10_000);
  for (const answer of await Promise.all(all.map(readiness))) assert.equal(answer.json.status, "ready");
  await cluster.postgres.kill();
  await shows(503, /PostgreSQL/i);
  for (const answer of await Promise.all(all.map(readiness))) assert.match(answer.json.detail, /PostgreSQL/i);
  await cluster.postgres.restart();
  await shows(200, /"ready"/);
  await cluster.redis.kill();
  await until("readyz names Redis", async () =>
    (await Promise.all(all.map(readiness))).every((answer) => /redis/i.test(answer.text)), 10_000);
  await cluster.redis.restart();
  await shows(200, /"ready"/);
});
