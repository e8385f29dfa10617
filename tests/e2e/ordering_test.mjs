// Order where it was asked for, and none paid for where it was not.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";

let server, receiver;
before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

const numbers = (requests) => requests.map((request) => JSON.parse(request.body).data.n);

test("an_ordered_webhook_gets_its_events_in_order_through_failures", async () => {
  let calls = 0;
  receiver.on("/ordered", (response) => response.writeHead(++calls % 3 === 0 ? 500 : 204).end());
  await server.webhook(receiver.url("/ordered"), { event_types: ["ordered.t"], ordered: true });
  const items = Array.from({ length: 100 }, (_, n) => ({ type: "ordered.t", payload: { n } }));
  await server.ok("POST", "/api/events/batch", items.slice(0, 60));
  await server.ok("POST", "/api/events/batch", items.slice(60));
  await receiver.received("/ordered", 149, 20_000);
  const sent = numbers(receiver.at("/ordered"));
  const distinct = sent.filter((n, at) => n !== sent[at - 1]);
  assert.deepEqual(distinct, items.map((item) => item.payload.n), "each is final before the next begins");
});

test("an_ordered_webhook_goes_on_after_a_dead_one_and_a_reopened_one_goes_next", async () => {
  let broken = true;
  receiver.on("/poison", (response, record) => {
    const { n } = JSON.parse(record.body).data;
    response.writeHead(n === 1 && broken ? 500 : 204).end();
  });
  const hook = await server.webhook(receiver.url("/poison"), {
    event_types: ["poison.t"], ordered: true, retry: { schedule_ms: [30] } });
  const { data } = await server.ok("POST", "/api/events/batch", [0, 1, 2].map((n) => ({ type: "poison.t", payload: { n } })));
  await receiver.received("/poison", 4);
  assert.deepEqual(numbers(receiver.at("/poison")), [0, 1, 1, 2]);
  const dead = await server.delivery(data[1].id, "dead", hook.id);
  broken = false;
  await server.ok("POST", `/api/dlq/${dead.id}/replay`);
  await server.delivery(data[1].id, "succeeded", hook.id);
});

test("a_scheduled_event_blocks_nobody_in_an_ordered_lane_before_its_time", async () => {
  await server.webhook(receiver.url("/ordered-later"), { event_types: ["olater.t"], ordered: true });
  await server.event("olater.t", { n: 1 }, { deliver_at: new Date(Date.now() + 600).toISOString() });
  await server.event("olater.t", { n: 2 });
  assert.deepEqual(numbers(await receiver.received("/ordered-later", 2)), [2, 1]);
});

test("an_unordered_webhook_is_not_held_up_by_a_failing_event", async () => {
  receiver.on("/parallel", (response, record) =>
    response.writeHead(JSON.parse(record.body).data.n === 0 ? 500 : 204).end());
  await server.webhook(receiver.url("/parallel"), { event_types: ["parallel.t"], retry: { schedule_ms: [60_000] } });
  await server.ok("POST", "/api/events/batch", Array.from({ length: 50 }, (_, n) => ({ type: "parallel.t", payload: { n } })));
  const seen = new Set(numbers(await receiver.received("/parallel", 50)));
  assert.equal(seen.size, 50);
});

test("a_webhook_never_has_more_in_flight_than_it_allows", async () => {
  let open = 0, most = 0;
  receiver.on("/narrow", (response) => {
    most = Math.max(most, ++open);
    setTimeout(() => { open--; response.writeHead(204).end(); }, 15);
  });
  await server.webhook(receiver.url("/narrow"), { event_types: ["narrow.t"], max_in_flight: 3 });
  await server.ok("POST", "/api/events/batch", Array.from({ length: 60 }, () => ({ type: "narrow.t", payload: {} })));
  await receiver.received("/narrow", 60);
  assert.equal(most, 3);
});

test("a_webhook_that_hangs_does_not_slow_the_others", async () => {
  receiver.on("/stuck", () => {});
  await server.webhook(receiver.url("/stuck"), { event_types: ["iso.t"], timeout_ms: 30_000 });
  await server.webhook(receiver.url("/brisk"), { event_types: ["iso.t"] });
  await server.ok("POST", "/api/events/batch", Array.from({ length: 300 }, () => ({ type: "iso.t", payload: {} })));
  const begun = Date.now();
  await receiver.received("/brisk", 300, 5_000);
  assert.ok(Date.now() - begun < 5_000);
  // The stuck ones must not hold up the end of the process in the clean-up.
  receiver.dropConnections();
});
