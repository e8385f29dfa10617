// The main path: events in, signed requests out, to whom they belong, byte for byte.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { checkDelivered } from "./support/conformance.mjs";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";
import { never } from "./support/wait.mjs";

let server, receiver;
before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

test("an_event_reaches_its_webhook_signed_as_standard_webhooks_has_it", async () => {
  const hook = await server.webhook(receiver.url("/signed"), { event_types: ["signed.*"] });
  const event = await server.event("signed.created", { order: 42, name: "Zoë" });
  assert.equal(event.deliveries, 1);
  const [request] = await receiver.received("/signed", 1);
  assert.equal(request.method, "POST");
  assert.equal(request.id, event.id);
  assert.equal(request.headers["content-type"], "application/json");
  assert.match(request.headers["user-agent"], /^EventRelay\/\d/);
  const body = new Webhook(hook.secret).verify(request.body, request.headers);
  assert.deepEqual(body, { type: "signed.created", timestamp: event.created_at, data: { order: 42, name: "Zoë" } });
  checkDelivered(body);
  assert.throws(() => new Webhook(hook.secret).verify(request.body + " ", request.headers), "a changed body must not pass");
});

test("a_secret_that_was_brought_along_signs", async () => {
  const secret = "whsec_" + Buffer.alloc(24, 7).toString("base64");
  const hook = await server.webhook(receiver.url("/own-secret"), { event_types: ["own.secret"], secret });
  assert.equal(hook.secret, secret);
  await server.event("own.secret", 1);
  const [request] = await receiver.received("/own-secret", 1);
  new Webhook(secret).verify(request.body, request.headers);
});

test("one_event_fans_out_to_every_webhook_that_asked_for_it", async () => {
  const paths = Array.from({ length: 20 }, (_, n) => `/fan-${n}`);
  await Promise.all(paths.map((path) => server.webhook(receiver.url(path), { event_types: ["fan.out"] })));
  const event = await server.event("fan.out", { n: 1 });
  assert.equal(event.deliveries, 20);
  for (const path of paths) {
    const requests = await receiver.received(path, 1);
    assert.equal(requests.length, 1);
    assert.equal(requests[0].id, event.id);
  }
});

test("a_wildcard_takes_one_or_more_words_below_and_not_the_word_itself", async () => {
  await server.webhook(receiver.url("/wild"), { event_types: ["wild.*"] });
  assert.equal((await server.event("wild")).deliveries, 0);
  assert.equal((await server.event("wildcard.x")).deliveries, 0);
  await server.event("wild.a");
  await server.event("wild.a.b");
  const types = (await receiver.received("/wild", 2)).map((request) => JSON.parse(request.body).type);
  assert.deepEqual(types.sort(), ["wild.a", "wild.a.b"]);
});

test("a_webhook_with_a_tenant_gets_that_tenants_events_only", async () => {
  await server.webhook(receiver.url("/acme"), { event_types: ["tenant.t"], tenant: "acme" });
  await server.webhook(receiver.url("/everyone"), { event_types: ["tenant.t"] });
  assert.equal((await server.event("tenant.t", 1, { tenant: "acme" })).deliveries, 2);
  assert.equal((await server.event("tenant.t", 2, { tenant: "other" })).deliveries, 1);
  assert.equal((await server.event("tenant.t", 3)).deliveries, 1);
  await receiver.received("/everyone", 3);
  assert.deepEqual((await receiver.received("/acme", 1)).map((request) => JSON.parse(request.body).data), [1]);
});

test("an_event_that_matches_nothing_is_stored_and_says_so", async () => {
  const event = await server.event("nobody.listens", { kept: true });
  assert.equal(event.deliveries, 0);
  const stored = await server.ok("GET", `/api/events/${event.id}`);
  assert.equal(stored.status, "unmatched");
  assert.deepEqual(stored.payload, { kept: true });
  assert.deepEqual(stored.deliveries, []);
});

test("payload_bytes_arrive_exactly_as_they_were_sent", async () => {
  await server.webhook(receiver.url("/exact"), { event_types: ["exact.bytes"] });
  const payloads = [
    '{ "b" : 1,\n\t"a":[ 1 , 2 ] }',
    "1e400",
    "-0.0",
    "123456789012345678901234567890",
    '{"twice":1,"twice":2}',
    '"\\u00e9\\ud83d\\ude00\\/ é 😀"',
    '{"__proto__":{"x":[]},"":null}',
    "null",
    "[" .repeat(100) + "]".repeat(100),
    '"' + "x".repeat(200_000) + '"',
  ];
  for (const payload of payloads) {
    const text = `{"type":"exact.bytes","payload":${payload}}`;
    const event = await server.ok("POST", "/api/events", text);
    const requests = await receiver.received("/exact", 1);
    assert.equal(requests.at(-1).body, `{"type":"exact.bytes","timestamp":"${event.created_at}","data":${payload}}`);
    const shown = await server.call("GET", `/api/events/${event.id}`);
    assert.ok(shown.text.includes(payload), `the API shows ${payload.slice(0, 40)} as it came`);
    receiver.requests = receiver.requests.filter((request) => request.path !== "/exact");
  }
});

test("a_webhooks_own_headers_are_sent_and_secret_ones_are_not_shown", async () => {
  const hook = await server.webhook(receiver.url("/headers"), {
    event_types: ["own.headers"], headers: { authorization: "Bearer s3cret", "x-team": "billing" } });
  const event = await server.event("own.headers");
  const [request] = await receiver.received("/headers", 1);
  assert.equal(request.headers.authorization, "Bearer s3cret");
  assert.equal(request.headers["x-team"], "billing");
  const { attempts } = await server.delivery(event.id, "succeeded", hook.id);
  const shown = JSON.stringify(attempts[0].request_headers);
  assert.ok(shown.includes("billing") && shown.includes("[redacted]") && !shown.includes("s3cret"), shown);
});

test("an_attempt_tells_what_was_answered_and_how_long_each_step_took", async () => {
  receiver.on("/told", (response) => response.writeHead(201, { "x-answer": "yes" }).end("hello"));
  await server.webhook(receiver.url("/told"), { event_types: ["told.t"] });
  const delivery = await server.delivery((await server.event("told.t")).id, "succeeded");
  const [attempt] = delivery.attempts;
  assert.equal(attempt.number, 1);
  assert.equal(attempt.status_code, 201);
  assert.equal(attempt.error, null);
  assert.equal(attempt.response_body, "hello");
  assert.equal(attempt.response_truncated, false);
  assert.match(JSON.stringify(attempt.response_headers), /x-answer/);
  assert.equal(attempt.remote_address, `127.0.0.1:${receiver.port}`);
  assert.ok(attempt.duration_ms >= 0 && attempt.timings.first_byte_ms >= 0);
});

test("a_scheduled_event_waits_for_its_time", async () => {
  await server.webhook(receiver.url("/later"), { event_types: ["later.t"] });
  const at = Date.now() + 700;
  await server.event("later.t", 1, { deliver_at: new Date(at).toISOString() });
  await server.event("later.t", 2, { deliver_at: new Date(Date.now() - 60_000).toISOString() });
  const first = (await receiver.received("/later", 1))[0];
  assert.equal(JSON.parse(first.body).data, 2, "a time in the past means now");
  const second = (await receiver.received("/later", 2))[1];
  assert.ok(second.at >= at - 1, `sent ${at - second.at} ms early`);
});

test("in_undisturbed_operation_nothing_is_sent_twice", async () => {
  await server.webhook(receiver.url("/once"), { event_types: ["once.t"] });
  const batch = Array.from({ length: 500 }, (_, n) => ({ type: "once.t", payload: n }));
  await server.ok("POST", "/api/events/batch", batch);
  await receiver.received("/once", 500);
  await never("a repeat", () => receiver.at("/once").length > 500, 300);
  assert.equal(new Set(receiver.at("/once").map((request) => request.id)).size, 500);
});
