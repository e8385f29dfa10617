// A webhook's life: made, changed, paused, rotated, tested, deleted.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";
import { never, until } from "./support/wait.mjs";

let server, receiver;
before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

test("a_webhook_shows_its_secret_at_its_creation_and_on_request_only", async () => {
  const made = await server.webhook(receiver.url("/shown"), { event_types: ["shown.*", "also.this"], description: "d" });
  assert.match(made.secret, /^whsec_/);
  const shown = await server.ok("GET", `/api/webhooks/${made.id}`);
  assert.equal(shown.secret, undefined);
  assert.deepEqual(shown.event_types, ["shown.*", "also.this"]);
  assert.equal(shown.description, "d");
  assert.deepEqual(await server.ok("GET", `/api/webhooks/${made.id}/secret`), { secret: made.secret });
  const listed = await server.ok("GET", "/api/webhooks?limit=250");
  assert.ok(listed.data.some((row) => row.id === made.id));
});

test("a_change_counts_from_the_next_event_on", async () => {
  const hook = await server.webhook(receiver.url("/before"), { event_types: ["patch.a"] });
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { event_types: ["patch.b"], url: receiver.url("/after") });
  assert.equal((await server.event("patch.a")).deliveries, 0);
  assert.equal((await server.event("patch.b")).deliveries, 1);
  await receiver.received("/after", 1);
  assert.equal(receiver.at("/before").length, 0);
});

test("an_event_accepted_after_a_webhooks_creation_always_sees_it", async () => {
  for (let n = 0; n < 30; n++) {
    await server.webhook(receiver.url("/sees"), { event_types: [`sees.n${n}`] });
    assert.equal((await server.event(`sees.n${n}`)).deliveries, 1);
  }
});

test("a_disabled_webhook_holds_its_deliveries_and_releases_them", async () => {
  const hook = await server.webhook(receiver.url("/paused"), { event_types: ["paused.t"], enabled: false });
  const events = [];
  for (let n = 0; n < 5; n++) events.push(await server.event("paused.t", n));
  assert.ok(events.every((event) => event.deliveries === 1), "a disabled webhook still matches");
  await never("a delivery to a disabled webhook", () => receiver.at("/paused").length > 0, 300);
  assert.equal((await server.ok("GET", `/api/events/${events[0].id}`)).status, "pending");
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: true });
  await receiver.received("/paused", 5);
  for (const event of events) await server.delivery(event.id, "succeeded");
});

test("deleting_a_webhook_cancels_what_is_pending_and_says_why", async () => {
  const hook = await server.webhook(receiver.url("/deleted"), { event_types: ["deleted.t"], enabled: false });
  const events = [];
  for (let n = 0; n < 3; n++) events.push(await server.event("deleted.t", n));
  const answer = await server.call("DELETE", `/api/webhooks/${hook.id}`);
  assert.ok([200, 202, 204].includes(answer.status));
  for (const event of events) assert.equal((await server.delivery(event.id, "cancelled")).reason, "webhook_deleted");
  assert.equal((await server.call("GET", `/api/webhooks/${hook.id}`)).status, 404);
  assert.equal((await server.event("deleted.t")).deliveries, 0);
  assert.equal(receiver.at("/deleted").length, 0);
});

test("after_a_rotation_both_secrets_sign", async () => {
  const hook = await server.webhook(receiver.url("/rotated"), { event_types: ["rotated.t"] });
  const { secret } = await server.ok("POST", `/api/webhooks/${hook.id}/rotate-secret`);
  assert.notEqual(secret, hook.secret);
  await server.event("rotated.t");
  const [request] = await receiver.received("/rotated", 1);
  assert.equal(request.headers["webhook-signature"].split(" ").length, 2);
  for (const key of [secret, hook.secret]) new Webhook(key).verify(request.body, request.headers);
  assert.equal((await server.ok("GET", `/api/webhooks/${hook.id}/secret`)).secret, secret);
});

test("a_test_event_goes_to_its_webhook_alone", async () => {
  const hook = await server.webhook(receiver.url("/tested"), { event_types: ["never.sent"] });
  await server.webhook(receiver.url("/not-tested"), { event_types: ["*"], enabled: true });
  const answer = await server.call("POST", `/api/webhooks/${hook.id}/test`);
  assert.equal(answer.status, 202);
  const [request] = await receiver.received("/tested", 1);
  new Webhook(hook.secret).verify(request.body, request.headers);
  await never("the test event elsewhere", () => receiver.at("/not-tested").some((r) => r.id === request.id), 200);
});

test("faults_name_the_path_of_what_is_wrong", async () => {
  const url = receiver.url();
  const cases = [
    [{ event_types: ["a"] }, "url"],
    [{ url: "ftp://example.com/", event_types: ["a"] }, "url"],
    [{ url: "http://user:pass@example.com/", event_types: ["a"] }, "url"],
    [{ url }, "event_types"],
    [{ url, event_types: [] }, "event_types"],
    [{ url, event_types: ["ok", "or*der"] }, "event_types[1]"],
    [{ url, event_types: ["a"], retry: { max_attempts: 0 } }, "retry.max_attempts"],
    [{ url, event_types: ["a"], retry: { max_attempts: 2, schedule_ms: [1] } }, "retry.schedule_ms"],
    [{ url, event_types: ["a"], timeout_ms: 999 }, "timeout_ms"],
    [{ url, event_types: ["a"], max_in_flight: 0 }, "max_in_flight"],
    [{ url, event_types: ["a"], headers: { host: "x" } }, "headers.host"],
    [{ url, event_types: ["a"], headers: { "webhook-id": "x" } }, "headers.webhook-id"],
    [{ url, event_types: ["a"], headers: { "x-a": "b\r\nc: d" } }, "headers.x-a"],
    [{ url, event_types: ["a"], secret: "whsec_short" }, "secret"],
    [{ url, event_types: ["a"], filter: {} }, "filter"],
    [{ url, event_types: ["a"], rate_limit: 5 }, "rate_limit"],
    [{ url, event_types: ["a"], colour: "red" }, "colour"],
    [{ url: 7, event_types: ["a"] }, "url"],
  ];
  for (const [body, path] of cases) {
    const answer = await server.call("POST", "/api/webhooks", body);
    const where = `${JSON.stringify(body)} -> ${answer.status} ${answer.text}`;
    assert.ok([400, 422].includes(answer.status), where);
    assert.ok(answer.json.errors.some((error) => error.path === path), where);
  }
});

test("flipping_ordered_is_refused_while_too_much_is_pending", async () => {
  const hook = await server.webhook(receiver.url("/flip"), { event_types: ["flip.t"], enabled: false });
  await server.ok("POST", "/api/events/batch", Array.from({ length: 600 }, () => ({ type: "flip.t", payload: {} })));
  assert.equal((await server.call("PATCH", `/api/webhooks/${hook.id}`, { ordered: true })).status, 409);
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: true });
  await receiver.received("/flip", 600);
  await until("the flip is taken", async () =>
    (await server.call("PATCH", `/api/webhooks/${hook.id}`, { ordered: true })).status === 200);
});
