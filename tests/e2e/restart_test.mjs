// Planned and unplanned ends: a backlog is taken up again, a drain sends nothing twice.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { Load } from "./support/load.mjs";
import { Receiver } from "./support/receiver.mjs";
import { makeDataDir, Server } from "./support/server.mjs";
import { sqliteOnly } from "./support/store.mjs";
import { sleep, until } from "./support/wait.mjs";

/// Starts again on the data directory of a server that has ended; disposing of the new one removes it.
async function restart(server) {
  const next = await Server.start({ dataDir: server.dataDir });
  next.ownsDataDir = true;
  return next;
}

test("a_restart_takes_the_backlog_up_again", async () => {
  const receiver = await Receiver.start();
  let server = await Server.start();
  const hook = await server.webhook(receiver.url("/backlog"), { enabled: false });
  for (let n = 0; n < 6; n++) {
    await server.ok("POST", "/api/events/batch", Array.from({ length: 1_000 }, () => ({ type: "backlog.t", payload: n })));
  }
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  server = await restart(server);
  assert.equal(receiver.requests.length, 0);
  const begun = Date.now();
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: true });
  await receiver.received("/backlog", 1);
  assert.ok(Date.now() - begun < 2_000, "the first delivery comes soon");
  await receiver.received("/backlog", 6_000, 30_000);
  assert.equal(new Set(receiver.at("/backlog").map((request) => request.id)).size, 6_000);
  assert.equal(receiver.at("/backlog").length, 6_000);
  await server.dispose();
  await receiver.stop();
});

test("a_retry_that_is_due_later_survives_a_restart", async () => {
  const receiver = await Receiver.start();
  receiver.answers("/hook", 500, 204);
  let server = await Server.start();
  await server.webhook(receiver.url(), { retry: { schedule_ms: [1_500] } });
  const event = await server.event();
  const [first] = await receiver.received("/hook", 1);
  await server.delivery(event.id, "pending");
  await until("the attempt is recorded", async () =>
    (await server.ok("GET", `/api/deliveries?event_id=${event.id}`)).data[0].attempt_count === 1);
  await server.stop();
  server = await restart(server);
  const [, second] = await receiver.received("/hook", 2);
  assert.ok(second.at - first.at >= 1_490, "not before its time");
  const delivery = await server.delivery(event.id, "succeeded");
  assert.deepEqual(delivery.attempts.map((attempt) => attempt.number).sort(), [1, 2]);
  await server.dispose();
  await receiver.stop();
});

test("sigterm_under_load_ends_with_0_and_nothing_is_lost_or_sent_twice", async () => {
  const receiver = await Receiver.start();
  receiver.on("/hook", (response) => setTimeout(() => response.writeHead(204).end(), 20));
  let server = await Server.start();
  await server.webhook(receiver.url());
  const acknowledged = [];
  for (let round = 0; round < 3; round++) {
    const load = new Load(server, { connections: 16 });
    await sleep(400);
    const exit = server.stop();
    await load.stop();
    assert.deepEqual(await exit, { code: 0, signal: null }, server.log);
    acknowledged.push(...load.acknowledged);
    server = await restart(server);
  }
  assert.ok(acknowledged.length > 100, `${acknowledged.length} acknowledged`);
  const ids = () => receiver.requests.map((request) => request.id);
  await until(() => `all ${acknowledged.length} arrive, ${new Set(ids()).size} did`, () => {
    const arrived = new Set(ids());
    return acknowledged.every((id) => arrived.has(id));
  }, 30_000);
  assert.equal(ids().length, new Set(ids()).size, "none twice");
  await server.dispose();
  await receiver.stop();
});

test("sigterm_waits_for_the_attempt_under_way", async () => {
  const receiver = await Receiver.start();
  receiver.on("/hook", (response) => setTimeout(() => response.writeHead(204).end(), 1_000));
  let server = await Server.start();
  await server.webhook(receiver.url());
  const event = await server.event();
  await receiver.received("/hook", 1);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(receiver.requests[0].answeredAt, "the answer was waited for");
  server = await restart(server);
  await server.delivery(event.id, "succeeded");
  assert.equal(receiver.requests.length, 1);
  await server.dispose();
  await receiver.stop();
});

sqliteOnly("a_second_process_on_the_same_data_directory_is_refused", "many processes may share a database", async () => {
  const server = await Server.start();
  await assert.rejects(Server.start({ dataDir: server.dataDir }), /the server ended/);
  await server.event();
  await server.dispose();
});

sqliteOnly("nobody_else_may_read_the_files_in_a_directory_that_was_there", "there are no files", async () => {
  const dataDir = makeDataDir();
  chmodSync(dataDir, 0o755);
  const server = await Server.start({ dataDir });
  const files = readdirSync(dataDir);
  assert.ok(files.includes("eventrelay.db"));
  for (const file of files) assert.equal(statSync(`${dataDir}/${file}`).mode & 0o077, 0, file);
  await server.dispose();
});

test("idempotency_keys_survive_a_restart", async () => {
  let server = await Server.start();
  const options = { headers: { "idempotency-key": "kept" } };
  const first = await server.event("kept.t", 1, {}, options);
  await server.kill();
  server = await restart(server);
  const again = await server.event("kept.t", 1, {}, options);
  assert.deepEqual([again.id, again.duplicate], [first.id, true]);
  await server.dispose();
});

test("a_bound_of_attempts_that_the_event_loops_cannot_keep_is_refused", async () => {
  const start = (most) => Server.start({ flags: ["--loops", "4", "--in-flight-max", most] });
  await assert.rejects(start("7"), /in-flight-max must be at least 8/);
  await (await start("8")).dispose();
});
