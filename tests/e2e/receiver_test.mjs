// The built-in test receiver: deliveries that leave no process, and what people see of them; and test events.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { firstOwner } from "./support/people.mjs";
import { Server } from "./support/server.mjs";
import { never, until } from "./support/wait.mjs";

let server, owner;
before(async () => {
  // No private targets: the receiver is no target of the network's.
  server = await Server.start({ privateTargets: false });
  owner = await firstOwner(server);
});
after(async () => server?.dispose());

const urlOf = (id) => `http://receiver.eventrelay.internal/${id}`;
const received = async (id, who = server) => (await who.ok("GET", `/api/receiver/${id}`)).data;
const atLeast = (id, count) => until(`${count} at ${id}`, async () => {
  const list = await received(id);
  return list.length >= count && list;
}, 10_000);
const answer = (id, status) => server.ok("POST", `/api/receiver/${id}`, { status });

test("what_is_delivered_is_shown_with_its_signature", async () => {
  const hook = await server.webhook(urlOf("shown"), { event_types: ["shown.t"], headers: { "x-mine": "1", authorization: "a" } });
  assert.deepEqual(await received("shown"), []);
  const event = await server.event("shown.t", { a: [1, 2] });
  const delivery = await server.delivery(event.id, "succeeded");
  const [request, ...more] = await received("shown");
  assert.equal(more.length, 0);
  assert.equal(request.delivery_id, delivery.id);
  assert.deepEqual(JSON.parse(request.body).data, { a: [1, 2] });
  new Webhook(hook.secret).verify(request.body, request.headers);
  assert.equal(request.headers.host, "receiver.eventrelay.internal");
  assert.equal(request.headers["x-mine"], "1");
  assert.equal(request.headers.authorization, "[redacted]");
  assert.equal(request.truncated, false);
  const [attempt] = delivery.attempts;
  assert.equal(attempt.status_code, 200);
  assert.equal(attempt.request_headers["webhook-id"], event.id);
});

test("it_fails_as_told_and_a_replay_succeeds_after_that", async () => {
  assert.deepEqual(await answer("failing", 500), { status: 500 });
  const hook = await server.webhook(urlOf("failing"), { event_types: ["failing.t"], retry: { schedule_ms: [20] } });
  const event = await server.event("failing.t");
  const dead = await server.delivery(event.id, "dead");
  assert.deepEqual(dead.attempts.map((attempt) => attempt.status_code), [500, 500]);
  assert.equal((await received("failing")).length, 2);
  await answer("failing", 204);
  await server.ok("POST", `/api/dlq/${dead.id}/replay`);
  const done = await server.delivery(event.id, "succeeded");
  assert.equal(done.attempts.length, 3);
  assert.equal((await received("failing"))[0].delivery_id, dead.id);
  await server.ok("DELETE", `/api/webhooks/${hook.id}`);
});

test("another_organization_has_receivers_of_its_own", async () => {
  await server.webhook(urlOf("same"), { event_types: ["same.t"] });
  await server.event("same.t");
  await atLeast("same", 1);
  const { id } = await owner.ok("POST", "/api/organizations", { name: "Other" });
  await owner.ok("POST", "/api/auth/organization", { organization_id: id });
  assert.deepEqual(await received("same", owner), []);
  await owner.ok("POST", "/api/receiver/same", { status: 500 });
  const hook = await owner.ok("POST", "/api/webhooks", { url: urlOf("same"), event_types: ["never.sent"], retry: { max_attempts: 1 } });
  await owner.ok("POST", `/api/webhooks/${hook.id}/test`);
  await until("the other's test", async () => (await received("same", owner)).length === 1, 10_000);
  assert.equal((await received("same")).length, 1, "nothing of theirs is here");
  const event = await server.event("same.t");
  await server.delivery(event.id, "succeeded");
});

test("the_newest_fifty_are_kept_and_of_a_long_body_the_beginning", async () => {
  await server.webhook(urlOf("many"), { event_types: ["many.t"], ordered: true });
  for (let n = 0; n < 52; n++) await server.event("many.t", n);
  const last = await server.event("many.t", "\u00e9".repeat(10_000));
  await server.delivery(last.id, "succeeded");
  const list = await received("many");
  assert.equal(list.length, 50);
  assert.equal(list[0].truncated, true);
  assert.ok(list[0].body.length > 8_000 && Buffer.byteLength(list[0].body) <= 16 * 1024);
  assert.deepEqual(list.slice(1).map(({ body }) => JSON.parse(body).data), Array.from({ length: 49 }, (_, n) => 51 - n));
});

test("urls_ids_and_statuses_that_are_none_are_refused", async () => {
  for (const url of [urlOf(""), urlOf("A"), urlOf("a/b"), urlOf("a?b=c"), urlOf("x".repeat(65)),
                     "https://receiver.eventrelay.internal/a", "http://receiver.eventrelay.internal:8080/a"]) {
    const refused = await server.call("POST", "/api/webhooks", { url, event_types: ["a"] });
    assert.equal(refused.status, 422, url);
    assert.deepEqual(refused.json.errors.map(({ path }) => path), ["url"], url);
  }
  for (const body of [{}, { status: 199 }, { status: 600 }, { status: "500" }, { status: 200.5 }]) {
    const refused = await server.call("POST", "/api/receiver/a", body);
    assert.equal(refused.status, 422);
    assert.deepEqual(refused.json.errors.map(({ path }) => path), ["status"]);
  }
  assert.equal((await server.call("GET", "/api/receiver/A")).status, 404);
  assert.equal((await server.call("POST", "/api/receiver/A", { status: 200 })).status, 404);
});

test("a_test_event_reaches_a_disabled_webhook_whatever_its_types", async () => {
  const hook = await server.webhook(urlOf("tested"), { event_types: ["other.t"], enabled: false });
  const waits = await server.event("other.t");
  const before = (await server.ok("GET", "/api/metrics")).totals;
  const sent = await server.ok("POST", `/api/webhooks/${hook.id}/test`, { payload: { n: 1 } });
  assert.equal(sent.type, "webhook.test");
  assert.equal(sent.deliveries, 1);
  const delivery = await server.delivery(sent.id, "succeeded");
  assert.equal(delivery.webhook_id, hook.id);
  const [request] = await received("tested");
  assert.equal(request.delivery_id, delivery.id);
  const { type, data } = JSON.parse(request.body);
  assert.deepEqual({ type, data }, { type: "webhook.test", data: { n: 1 } });
  await until("it counts", async () => {
    const now = (await server.ok("GET", "/api/metrics")).totals;
    return now.events === before.events + 1 && now.succeeded === before.succeeded + 1;
  }, 10_000);
  await never("what waits goes along", async () => (await received("tested")).length > 1, 300);
  await server.delivery(waits.id, "pending");
});

test("a_test_that_fails_waits_for_its_webhook_to_be_enabled", async () => {
  await answer("down", 500);
  const hook = await server.webhook(urlOf("down"), { event_types: ["other.d"], enabled: false });
  const sent = await server.ok("POST", `/api/webhooks/${hook.id}/test`);
  await atLeast("down", 1);
  await never("a second attempt", async () => (await received("down")).length > 1, 300);
  await answer("down", 200);
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: true });
  assert.equal((await server.delivery(sent.id, "succeeded")).attempts.length, 2);
});
