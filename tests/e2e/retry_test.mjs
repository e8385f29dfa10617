// What a subscriber may answer, and what follows from it.
import assert from "node:assert/strict";
import net from "node:net";
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

/// Subscribes a path to a type of its own, sends one event. spec: of the webhook.
async function send(path, spec = {}, payload = {}) {
  const type = `retry.${path.slice(1)}`;
  const hook = await server.webhook(receiver.url(path), { event_types: [type], ...spec });
  const event = await server.event(type, payload);
  return { hook, event };
}

test("a_failure_is_tried_again_until_it_succeeds_with_the_same_id", async () => {
  receiver.answers("/flaky", 500, 503, 404, 200);
  const { event } = await send("/flaky");
  const delivery = await server.delivery(event.id, "succeeded");
  assert.deepEqual(delivery.attempts.map((attempt) => attempt.status_code).sort(), [200, 404, 500, 503]);
  assert.deepEqual(delivery.attempts.map((attempt) => attempt.number).sort(), [1, 2, 3, 4]);
  const requests = receiver.at("/flaky");
  assert.equal(requests.length, 4);
  assert.ok(requests.every((request) => request.id === event.id && request.body === requests[0].body));
});

test("a_schedule_is_kept_and_nothing_is_sent_early", async () => {
  receiver.answers("/schedule", 500, 500, 200);
  await send("/schedule", { retry: { schedule_ms: [200, 400] } });
  const [first, second, third] = (await receiver.received("/schedule", 3)).map((request) => request.at);
  assert.ok(second - first >= 195 && second - first < 1_500, `first wait ${second - first}`);
  assert.ok(third - second >= 395 && third - second < 2_000, `second wait ${third - second}`);
});

test("after_the_last_attempt_it_is_dead_and_a_replay_delivers_it", async () => {
  receiver.answers("/dead", 500, 500, 500, 500, 204);
  const { event } = await send("/dead");
  const dead = await server.delivery(event.id, "dead");
  assert.equal(dead.attempts.length, 4);
  const listed = await server.ok("GET", `/api/dlq?webhook_id=${dead.webhook_id}`);
  assert.deepEqual(listed.data.map((row) => row.id), [dead.id]);
  assert.equal((await server.ok("GET", `/api/events/${event.id}`)).status, "dead");

  assert.equal((await server.call("POST", `/api/dlq/${dead.id}/replay`)).status, 202);
  const replayed = await server.delivery(event.id, "succeeded");
  assert.equal(replayed.id, dead.id, "a replay reopens the delivery");
  assert.deepEqual(replayed.attempts.map((attempt) => attempt.number).sort(), [1, 2, 3, 4, 5]);
  assert.ok(receiver.at("/dead").every((request) => request.id === event.id));
  assert.deepEqual((await server.ok("GET", `/api/dlq?webhook_id=${dead.webhook_id}`)).data, []);
  assert.equal((await server.call("POST", `/api/dlq/${dead.id}/replay`)).status, 409);
});

test("a_receiver_that_hangs_costs_its_own_deadline", async () => {
  receiver.on("/hangs", () => {});
  const { event } = await send("/hangs", { timeout_ms: 1_000, retry: { max_attempts: 1 } });
  const { attempts } = await server.delivery(event.id, "dead");
  assert.equal(attempts[0].error.code, "timeout");
  assert.equal(attempts[0].status_code, null);
  assert.ok(attempts[0].duration_ms >= 990 && attempts[0].duration_ms < 3_000, `${attempts[0].duration_ms} ms`);
});

test("a_2xx_whose_body_stalls_is_a_timeout", async () => {
  receiver.on("/stalls", (response) => response.writeHead(200, { "content-length": "100" }).write("begun"));
  const { event } = await send("/stalls", { timeout_ms: 1_000, retry: { max_attempts: 1 } });
  assert.equal((await server.delivery(event.id, "dead")).attempts[0].error.code, "timeout");
});

test("a_2xx_cut_short_before_its_declared_end_is_a_failure", async () => {
  receiver.on("/cut", (response) => {
    response.writeHead(200, { "content-length": "100" }).write("begun");
    setTimeout(() => response.destroy(), 20);
  });
  const { event } = await send("/cut", { retry: { max_attempts: 1 } });
  assert.equal((await server.delivery(event.id, "dead")).attempts[0].error.code, "connection_closed");
});

test("a_2xx_whose_body_never_ends_is_a_success_and_16_kib_of_it_are_kept", async () => {
  receiver.on("/endless", (response) => {
    response.writeHead(200);
    const more = setInterval(() => response.write("y".repeat(8_192)), 5);
    response.on("close", () => clearInterval(more));
  });
  const { event } = await send("/endless");
  const { attempts } = await server.delivery(event.id, "succeeded");
  assert.equal(attempts[0].response_body.length, 16 * 1024);
  assert.equal(attempts[0].response_truncated, true);
});

test("a_redirect_is_a_failure_and_is_not_followed", async () => {
  receiver.on("/redirects", (response) => response.writeHead(302, { location: receiver.url("/elsewhere") }).end());
  const { event } = await send("/redirects", { retry: { max_attempts: 1 } });
  const { attempts } = await server.delivery(event.id, "dead");
  assert.equal(attempts[0].status_code, 302);
  assert.equal(attempts[0].error.code, "redirect");
  assert.equal(receiver.at("/elsewhere").length, 0);
});

test("a_410_is_dead_at_once_and_disables_the_webhook_while_the_others_wait", async () => {
  let gone = true;
  receiver.on("/gone", (response) => response.writeHead(gone ? 410 : 204).end());
  const { hook, event } = await send("/gone");
  const dead = await server.delivery(event.id, "dead");
  assert.equal(dead.reason, "gone");
  assert.equal(dead.attempts.length, 1);
  const shown = await server.ok("GET", `/api/webhooks/${hook.id}`);
  assert.equal(shown.enabled, false);
  assert.equal(shown.disabled_reason, "gone");

  const waiting = await server.event("retry.gone");
  assert.equal(waiting.deliveries, 1);
  await never("a delivery to a gone webhook", () => receiver.at("/gone").length > 1, 200);
  gone = false;
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: true });
  await server.delivery(waiting.id, "succeeded");
});

test("retry_after_in_seconds_makes_the_wait_longer", async () => {
  receiver.on("/busy", (response, record, n) =>
    n === 0 ? response.writeHead(429, { "retry-after": "1" }).end() : response.writeHead(204).end());
  await send("/busy");
  const [first, second] = await receiver.received("/busy", 2);
  assert.ok(second.at - first.at >= 995, `waited ${second.at - first.at} ms`);
});

test("retry_after_as_a_date_makes_the_wait_longer", async () => {
  let date;
  receiver.on("/busy-date", (response, record, n) => {
    if (n > 0) return response.writeHead(204).end();
    date = Math.ceil(Date.now() / 1000) * 1000 + 1000;
    response.writeHead(503, { "retry-after": new Date(date).toUTCString() }).end();
  });
  await send("/busy-date");
  const [, second] = await receiver.received("/busy-date", 2);
  assert.ok(second.at >= date - 5, `${date - second.at} ms early`);
});

test("retry_after_on_other_answers_counts_for_nothing", async () => {
  receiver.on("/not-busy", (response, record, n) =>
    n === 0 ? response.writeHead(500, { "retry-after": "30" }).end() : response.writeHead(204).end());
  await send("/not-busy");
  await receiver.received("/not-busy", 2, 5_000);
});

test("a_refused_connection_is_a_failure_with_its_reason", async () => {
  const closed = await Receiver.start();
  const url = closed.url();
  await closed.stop();
  await server.webhook(url, { event_types: ["refused.t"], retry: { max_attempts: 1 } });
  const { attempts } = await server.delivery((await server.event("refused.t")).id, "dead");
  assert.equal(attempts[0].error.code, "connect");
});

test("what_is_not_http_is_a_failure_with_its_reason", async () => {
  const talker = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.end("SSH-2.0-OpenSSH_9.2\r\n");
  });
  await new Promise((resolve) => talker.listen(0, "127.0.0.1", resolve));
  await server.webhook(`http://127.0.0.1:${talker.address().port}/`, { event_types: ["ssh.t"], retry: { max_attempts: 1 } });
  const { attempts } = await server.delivery((await server.event("ssh.t")).id, "dead");
  assert.equal(attempts[0].error.code, "protocol");
  talker.close();
});

test("interim_answers_are_skipped", async () => {
  receiver.on("/hints", (response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.writeHead(200).end("final");
  });
  const { event } = await send("/hints");
  const { attempts } = await server.delivery(event.id, "succeeded");
  assert.equal(attempts[0].status_code, 200);
  assert.equal(attempts[0].response_body, "final");
});

test("a_kept_alive_connection_that_died_costs_no_attempt", async () => {
  const { event } = await send("/keepalive");
  await server.delivery(event.id, "succeeded");
  for (let round = 0; round < 5; round++) {
    receiver.dropConnections();
    const { attempts } = await server.delivery((await server.event("retry.keepalive")).id, "succeeded");
    assert.equal(attempts.length, 1);
    assert.equal(attempts[0].error, null);
  }
});

test("a_manual_retry_comes_beside_the_schedule_and_uses_none_of_it_up", async () => {
  receiver.answers("/manual", 500, 500, 500, 200);
  const { event } = await send("/manual", { retry: { schedule_ms: [1_200, 100] } });
  await receiver.received("/manual", 1);
  const pending = await server.delivery(event.id, "pending");
  assert.equal((await server.call("POST", `/api/deliveries/${pending.id}/retry`)).status, 202);
  const early = await receiver.received("/manual", 2);
  assert.ok(early[1].at - early[0].at < 1_150, "the manual one comes at once");
  const done = await server.delivery(event.id, "succeeded");
  assert.equal(done.attempts.length, 4, "three scheduled attempts and the manual one");
  const [first, , third] = receiver.at("/manual");
  assert.ok(third.at - first.at >= 1_190, "the scheduled one keeps its time");
  assert.equal((await server.call("POST", `/api/deliveries/${done.id}/retry`)).status, 409);
});

test("a_cancelled_delivery_is_not_sent_any_more", async () => {
  receiver.answers("/cancelled", 500, 200);
  const { event } = await send("/cancelled", { retry: { schedule_ms: [400] } });
  await receiver.received("/cancelled", 1);
  const pending = await server.delivery(event.id, "pending");
  assert.equal((await server.call("POST", `/api/deliveries/${pending.id}/cancel`)).status, 202);
  const cancelled = await server.delivery(event.id, "cancelled");
  assert.equal(cancelled.reason, "cancelled_by_user");
  await never("a cancelled delivery is sent", () => receiver.at("/cancelled").length > 1, 600);
  assert.equal((await server.call("POST", `/api/deliveries/${pending.id}/cancel`)).status, 409);
});

test("a_replayed_event_makes_a_new_delivery_that_says_what_it_repeats", async () => {
  const { hook, event } = await send("/again");
  const first = await server.delivery(event.id, "succeeded");
  await server.ok("POST", `/api/events/${event.id}/replay`, { webhook_ids: [hook.id] });
  await receiver.received("/again", 2);
  const all = (await server.ok("GET", `/api/deliveries?event_id=${event.id}`)).data;
  assert.equal(all.length, 2);
  assert.equal(all[0].replay_of, first.id);
  assert.ok(receiver.at("/again").every((request) => request.id === event.id));
});
