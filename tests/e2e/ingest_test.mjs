// What POST /api/events and its batch take, and what they refuse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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

const withKey = (key) => ({ headers: { "idempotency-key": key } });
const post = (body, options) => server.call("POST", "/api/events", body, options);

test("a_repeated_key_gives_the_first_answer_and_stores_nothing", async () => {
  await server.webhook(receiver.url("/idem"), { event_types: ["idem.t"] });
  const body = { type: "idem.t", payload: 1 };
  const first = await server.ok("POST", "/api/events", body, withKey("k-1"));
  const again = await post(body, withKey("k-1"));
  assert.equal(again.status, 202);
  assert.deepEqual(again.json, { ...first, duplicate: true });
  assert.equal((await post({ type: "idem.t", payload: 2 }, withKey("k-1"))).status, 422);
  await receiver.received("/idem", 1);
  await never("a second delivery", () => receiver.at("/idem").length > 1, 200);
});

test("two_requests_with_one_key_in_flight_at_once_make_one_event", async () => {
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, () =>
      server.ok("POST", "/api/events", { type: "race.t", payload: round }, withKey(`race-${round}`))));
    assert.equal(new Set(answers.map((answer) => answer.id)).size, 1);
    assert.equal(answers.filter((answer) => !answer.duplicate).length, 1);
  }
});

test("the_same_key_on_another_route_is_another_key", async () => {
  const single = await server.ok("POST", "/api/events", { type: "route.t", payload: 1 }, withKey("k-route"));
  const batch = await server.ok("POST", "/api/events/batch", [{ type: "route.t", payload: 1 }], withKey("k-route"));
  assert.notEqual(batch.data[0].id, single.id);
  const again = await server.ok("POST", "/api/events/batch", [{ type: "route.t", payload: 1 }], withKey("k-route"));
  assert.equal(again.data[0].id, batch.data[0].id);
});

test("a_batch_comes_back_in_its_order", async () => {
  await server.webhook(receiver.url("/batch"), { event_types: ["batch.a"] });
  const { data } = await server.ok("POST", "/api/events/batch", ["batch.a", "batch.b", "batch.a"].map((type) => ({ type, payload: 1 })));
  assert.deepEqual(data.map((item) => [item.type, item.deliveries]), [["batch.a", 1], ["batch.b", 0], ["batch.a", 1]]);
  assert.deepEqual(data.map((item) => item.id), data.map((item) => item.id).sort());
});

test("a_batch_may_be_ndjson", async () => {
  const body = '{"type":"nd.a","payload":{"x": 1}}\n{"type":"nd.b","payload":2}\n';
  const { data } = await server.ok("POST", "/api/events/batch", body, { headers: { "content-type": "application/x-ndjson" } });
  assert.deepEqual(data.map((item) => item.type), ["nd.a", "nd.b"]);
  assert.ok((await server.call("GET", `/api/events/${data[0].id}`)).text.includes('{"x": 1}'));
});

test("one_fault_in_a_batch_refuses_all_of_it_and_says_where", async () => {
  const answer = await server.call("POST", "/api/events/batch", [{ type: "whole.t", payload: 1 }, { type: "no spaces", payload: 1 }]);
  assert.equal(answer.status, 422);
  assert.match(JSON.stringify(answer.json.errors), /\[1\].*type/);
  assert.deepEqual((await server.ok("GET", "/api/events?type=whole.t")).data, []);
});

test("a_batch_holds_1_to_1000_events", async () => {
  const events = (count) => Array.from({ length: count }, () => ({ type: "size.t", payload: 0 }));
  assert.equal((await server.call("POST", "/api/events/batch", [])).status, 422);
  assert.equal((await server.call("POST", "/api/events/batch", events(1_001))).status, 422);
  assert.equal((await server.ok("POST", "/api/events/batch", events(1_000))).data.length, 1_000);
});

test("malformed_json_is_400", async () => {
  const bad = [
    "", "{", '{"type":"a","payload":tru}', '{"type":"a","payload":012}', '{"type":"a","payload":"\\q"}',
    '{"type":"a","payload":{"a":1,,}}', '{"type":"a","payload":1} x', '{"type":"a","type":"b","payload":1}',
    '{"type":"a","payload":1,"payload":2}', '{"type":"a","payload":"\u0001"}',
    `{"type":"a","payload":${"[".repeat(200)}${"]".repeat(200)}}`,
    Buffer.concat([Buffer.from('{"type":"a","payload":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    Buffer.concat([Buffer.from('{"type":"a","payload":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
  ];
  for (const body of bad) {
    const answer = await post(body);
    assert.equal(answer.status, 400, `${String(body).slice(0, 60)} -> ${answer.status} ${answer.text}`);
  }
});

test("what_breaks_a_rule_is_422_and_names_the_path", async () => {
  const cases = [
    [{ payload: 1 }, "type"],
    [{ type: "a" }, "payload"],
    [{ type: 5, payload: 1 }, "type"],
    [{ type: "", payload: 1 }, "type"],
    [{ type: "a..b", payload: 1 }, "type"],
    [{ type: "a.*", payload: 1 }, "type"],
    [{ type: "x".repeat(129), payload: 1 }, "type"],
    [{ type: "a", payload: 1, tenant: "t".repeat(129) }, "tenant"],
    [{ type: "a", payload: 1, deliver_at: "tomorrow" }, "deliver_at"],
    [{ type: "a", payload: 1, deliver_at: new Date(Date.now() + 31 * 86_400_000).toISOString() }, "deliver_at"],
    [{ type: "a", payload: 1, metadata: 7 }, "metadata"],
    [{ type: "a", payload: 1, metadata: { big: "m".repeat(5_000) } }, "metadata"],
    [{ type: "a", payload: 1, extra: 1 }, "extra"],
  ];
  for (const [body, path] of cases) {
    const answer = await post(body);
    assert.ok([400, 422].includes(answer.status), `${JSON.stringify(body).slice(0, 80)} -> ${answer.status}`);
    assert.ok(answer.json.errors.some((error) => error.path === path), `${path}: ${answer.text}`);
  }
});

test("metadata_is_kept_with_the_event_and_not_delivered", async () => {
  await server.webhook(receiver.url("/meta"), { event_types: ["meta.t"] });
  const event = await server.event("meta.t", { a: 1 }, { metadata: { source: "shop" } });
  assert.deepEqual((await server.ok("GET", `/api/events/${event.id}`)).metadata, { source: "shop" });
  const [request] = await receiver.received("/meta", 1);
  assert.ok(!request.body.includes("shop"));
});

test("a_body_past_its_limit_is_413", async () => {
  const body = (bytes) => `{"type":"big.t","payload":"${"z".repeat(bytes)}"}`;
  assert.equal((await post(body(300 * 1024))).status, 413);
  assert.equal((await post(body(200 * 1024))).status, 202);
});

test("other_content_types_are_415", async () => {
  for (const type of ["text/plain", "application/xml", "application/cloudevents+json"]) {
    assert.equal((await post('{"type":"a","payload":1}', { headers: { "content-type": type } })).status, 415, type);
  }
  assert.equal((await post("{}", { headers: { "content-encoding": "gzip" } })).status, 415);
});
