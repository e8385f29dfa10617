// The stream of what happens: its records, who may read it, and what a reader misses it is told.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { after, before, test } from "node:test";
import { firstOwner, password, signIn } from "./support/people.mjs";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";
import { Stream } from "./support/stream.mjs";
import { never, sleep, until } from "./support/wait.mjs";

let server, receiver, owner;
before(async () => {
  [server, receiver] = await Promise.all([Server.start({ flags: ["--trusted-proxies", "127.0.0.1"] }), Receiver.start()]);
  owner = await firstOwner(server);
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

const cookieOf = (person) => ({ headers: { cookie: person.cookie } });
const makeKey = async (scope) => server.ok("POST", "/api/keys", { name: `stream ${scope}`, scope });
const withKey = ({ key }) => ({ headers: { "x-api-key": key } });

/// Status and headers of a stream's answer.
async function answerOf(options, method = "GET") {
  const request = http.request(`${server.origin}/api/stream`, { method, agent: false, ...options });
  const response = await new Promise((resolve, reject) => request.on("response", resolve).on("error", reject).end());
  request.destroy();
  return response;
}

test("an_event_and_its_delivery_arrive_with_what_a_page_shows_of_them", async () => {
  const stream = await Stream.open(server);
  assert.equal(stream.response.statusCode, 200);
  assert.equal(stream.response.headers["content-type"], "text/event-stream");
  assert.equal(stream.response.headers["cache-control"], "no-store");
  assert.equal(stream.response.headers["x-accel-buffering"], "no");
  const hook = await server.webhook(receiver.url("/hook"), { event_types: ["stream.ok"] });
  await stream.of("webhook.created", { webhook_id: hook.id });
  const event = await server.event("stream.ok", 1, { tenant: "acme" });
  const created = await stream.of("event.created", { event_id: event.id });
  assert.deepEqual([created.data.type, created.data.tenant, created.data.deliveries], ["stream.ok", "acme", 1]);
  const { data } = await stream.of("delivery.succeeded", { event_id: event.id });
  assert.deepEqual({ webhook_id: data.webhook_id, type: data.type, status: data.status, attempts: data.attempts, status_code: data.status_code },
                   { webhook_id: hook.id, type: "stream.ok", status: "succeeded", attempts: 1, status_code: 204 });
  assert.equal((await server.ok("GET", `/api/deliveries/${data.delivery_id}`)).status, "succeeded");
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { description: "changed" });
  await stream.of("webhook.updated", { webhook_id: hook.id });
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: false });
  await stream.of("webhook.disabled", { webhook_id: hook.id });
  await server.call("DELETE", `/api/webhooks/${hook.id}`);
  await stream.of("webhook.deleted", { webhook_id: hook.id });
  stream.close();
});

test("failures_and_what_people_do_about_them_arrive", async () => {
  const stream = await Stream.open(server);
  let status = 500;
  const url = receiver.on("/failing", (response) => response.writeHead(status).end());
  const hook = await server.webhook(url, { event_types: ["stream.bad"], retry: { schedule_ms: [20] } });
  const event = await server.event("stream.bad");
  const retrying = await stream.of("delivery.retrying", { event_id: event.id });
  assert.deepEqual([retrying.data.status, retrying.data.attempts, retrying.data.status_code, retrying.data.error], ["pending", 1, 500, "status"]);
  assert.ok(Date.parse(retrying.data.next_attempt_at) >= Date.parse(retrying.data.at) - 1_000);
  const dead = await stream.of("delivery.dead", { event_id: event.id });
  assert.equal(dead.data.attempts, 2);
  await server.ok("POST", `/api/dlq/${dead.data.delivery_id}/replay`);
  await stream.record("the replay", ({ kind, data }) => kind === "delivery.retrying" && data.event_id === event.id && data.attempts === 2);
  await stream.record("dead again", ({ kind, data }) => kind === "delivery.dead" && data.event_id === event.id && data.attempts > 2);
  const { job_id: job } = await server.ok("POST", "/api/dlq/purge", { webhook_id: hook.id });
  await stream.of("job.progress", { job_id: job, state: "done", done: 1, total: 1 });
  status = 410;
  await server.event("stream.bad");
  await stream.of("webhook.disabled", { webhook_id: hook.id });
  stream.close();
});

test("all_readers_get_the_same_records_with_the_same_ids", async () => {
  const streams = await Promise.all([Stream.open(server), Stream.open(server), Stream.open(server, cookieOf(owner))]);
  const ids = [];
  for (let n = 0; n < 5; n++) ids.push((await server.event(`same.n${n}`)).id);
  for (const stream of streams) await stream.of("event.created", { event_id: ids[4] });
  const [one, ...others] = streams.map(({ records }) => records.filter(({ data }) => ids.includes(data.event_id)));
  assert.deepEqual(one.map(({ data }) => data.event_id), ids);
  for (const other of others) assert.deepEqual(other, one);
  streams.forEach((stream) => stream.close());
});

test("a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice", async () => {
  const before = await Stream.open(server);
  const seen = await server.event("resume.seen");
  await before.of("event.created", { event_id: seen.id });
  before.close();
  const missed = [];
  for (let n = 0; n < 20; n++) missed.push((await server.event("resume.missed")).id);
  const back = await Stream.open(server, { lastId: before.lastId });
  const later = await server.event("resume.later");
  await back.of("event.created", { event_id: later.id });
  const got = back.records.filter(({ kind, data }) => kind === "event.created" && data.type.startsWith("resume."));
  assert.deepEqual(got.map(({ data }) => data.event_id), [...missed, later.id]);
  assert.equal(back.records.some(({ kind }) => kind === "gap"), false);
  back.close();
});

test("a_reader_that_saw_no_record_has_a_place_too", async () => {
  const quiet = await Stream.open(server);
  await until("an id without a record", () => quiet.lastId);
  assert.deepEqual(quiet.records, []);
  quiet.close();
  const { id } = await server.event("quiet.missed");
  const back = await Stream.open(server, { lastId: quiet.lastId });
  await back.of("event.created", { event_id: id });
  assert.equal(back.records[0].kind, "event.created");
  back.close();
});

test("an_id_that_is_not_known_gives_a_gap_first", async () => {
  const stream = await Stream.open(server);
  await until("an id", () => stream.lastId);
  const [epoch] = stream.lastId.split("-");
  for (const lastId of ["nonsense", "1-1", `${epoch}-ffffff`, "-", "7"]) {
    const back = await Stream.open(server, { lastId });
    const { id } = await server.event("gap.t");
    await back.of("event.created", { event_id: id });
    assert.deepEqual([back.records[0].kind, back.records[0].data.reason], ["gap", "unknown"], lastId);
    assert.notEqual(back.lastId, lastId);
    back.close();
  }
  stream.close();
});

test("after_a_restart_an_old_id_gives_what_there_is_or_a_gap", async () => {
  const one = await Server.start();
  const stream = await Stream.open(one);
  const { id: first } = await one.event("restart.t");
  await stream.of("event.created", { event_id: first });
  await one.stop();
  await until("the stream ends with the process", () => stream.ended);
  const two = await Server.start({ dataDir: one.dataDir });
  two.ownsDataDir = true;
  const back = await Stream.open(two, { lastId: stream.lastId });
  const { id: second } = await two.event("restart.t");
  await back.of("event.created", { event_id: second });
  const first_kind = back.records[0].kind;
  assert.ok(first_kind === "gap" || back.records[0].data.event_id === second, JSON.stringify(back.records));
  if (!process.env.EVENTRELAY_E2E_STORE || process.env.EVENTRELAY_E2E_STORE === "sqlite") assert.equal(first_kind, "gap");
  back.close();
  await two.dispose();
});

test("who_may_not_read_is_refused_and_a_head_ends", async () => {
  const [publish, read] = [await makeKey("publish"), await makeKey("read")];
  assert.equal((await server.call("GET", "/api/stream", undefined, { key: "" })).status, 401);
  assert.equal((await server.call("GET", "/api/stream", undefined, { key: publish.key })).status, 403);
  assert.equal((await server.call("GET", "/api/stream?x=1")).status, 422);
  assert.equal((await answerOf(withKey(read))).statusCode, 200);
  const head = await answerOf({ headers: { "x-api-key": read.key } }, "HEAD");
  assert.equal(head.headers["content-type"], "text/event-stream");
});

test("another_organization_sees_nothing", async () => {
  const { id } = await owner.ok("POST", "/api/organizations", { name: "Elsewhere" });
  const elsewhere = await signIn(server, owner.email);
  await elsewhere.ok("POST", "/api/auth/organization", { organization_id: id });
  const [theirs, ours] = await Promise.all([Stream.open(server, cookieOf(elsewhere)), Stream.open(server)]);
  const event = await server.event("secret.t");
  await ours.of("event.created", { event_id: event.id });
  await until("their place", () => theirs.lastId);
  const place = theirs.lastId;
  await never("a record of another organization", () => theirs.records.length > 0, 1_000);
  const back = await Stream.open(server, { ...cookieOf(elsewhere), lastId: ours.lastId });
  await back.of("gap");
  const own = await elsewhere.ok("POST", "/api/webhooks", { url: receiver.url("/own"), event_types: ["*"] });
  await theirs.of("webhook.created", { webhook_id: own.id });
  assert.equal(Number.parseInt(theirs.lastId.split("-")[1], 16), Number.parseInt(place.split("-")[1], 16) + 1,
               "numbers do not tell how much happens elsewhere");
  for (const stream of [theirs, ours, back]) stream.close();
});

test("the_stream_of_who_may_no_longer_read_ends_within_five_seconds", async () => {
  const key = await makeKey("read");
  const [gone, moved, out] = [await owner.invite("viewer"), await owner.invite("viewer"), await owner.invite("viewer")];
  const { organization: first } = await owner.me();
  const { id: other } = await moved.ok("POST", "/api/organizations", { name: "Another" });
  await moved.ok("POST", "/api/auth/organization", { organization_id: first.id });
  const streams = await Promise.all([Stream.open(server, withKey(key)), Stream.open(server, cookieOf(gone)),
                                     Stream.open(server, cookieOf(moved)), Stream.open(server, cookieOf(out))]);
  const stays = await Stream.open(server, cookieOf(owner));
  await server.call("DELETE", `/api/keys/${key.id}`);
  await gone.call("POST", "/api/auth/logout", {});
  await moved.ok("POST", "/api/auth/organization", { organization_id: other });
  const { user } = await out.me();
  await owner.call("DELETE", `/api/users/${user.id}`);
  for (const [n, stream] of streams.entries()) await until(`stream ${n} ends`, () => stream.ended, 5_000);
  assert.equal(stays.ended, false);
  stays.close();
});

test("a_heartbeat_comes_every_fifteen_seconds", async () => {
  const stream = await Stream.open(server, withKey(await makeKey("read")));
  const before = stream.comments.length;
  await until("a comment", () => stream.comments.length > before && stream.comments.includes(": still here"), 16_500);
  stream.close();
});

test("above_the_rate_counts_take_the_place_of_single_records", async () => {
  const stream = await Stream.open(server);
  const batch = Array.from({ length: 1_000 }, (_, n) => ({ type: "flood.t", payload: n }));
  for (let n = 0; n < 3; n++) await server.ok("POST", "/api/events/batch", batch);
  const told = () => stream.records.reduce((sum, { kind, data }) =>
    sum + (kind === "summary" ? data.events : kind === "event.created" && data.type === "flood.t" ? 1 : 0), 0);
  await until(() => `all are told of or counted: ${told()}`, () => told() === 3_000);
  const singles = stream.records.filter(({ kind }) => kind === "event.created").length;
  assert.ok(singles <= 400, `${singles} single records`);
  const [summary] = stream.records.filter(({ kind }) => kind === "summary");
  assert.deepEqual(Object.keys(summary.data).sort(), ["at", "cancelled", "dead", "events", "id", "retrying", "seconds", "succeeded"]);
  stream.close();
});

test("a_reader_that_does_not_read_is_closed_and_told_when_it_returns", async () => {
  const watcher = await Stream.open(server);
  const socket = net.connect({ port: new URL(server.origin).port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(`GET /api/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.key}\r\n\r\n`);
  const text = await new Promise((resolve) => socket.once("data", (data) => resolve(data.toString())));
  let [, lastId] = /\nid: (\S+)/.exec(text) ?? [];
  if (!lastId) [, lastId] = /\nid: (\S+)/.exec((await new Promise((resolve) => socket.once("data", resolve))).toString());
  socket.pause();
  // Records that are never summed up, until more waits than the system's buffers and the server hold for it.
  const hook = await server.webhook("http://127.0.0.1:9/", { event_types: ["none.t"] });
  const behind = { last: 0 };
  const deadline = Date.now() + 60_000;
  for (let closed = false; !closed;) {
    assert.ok(Date.now() < deadline, "it is closed in the end");
    await Promise.all(Array.from({ length: 32 }, (_, n) =>
      server.ok("PATCH", `/api/webhooks/${hook.id}`, { description: `${behind.last++} ${n}` })));
    closed = (await openStreams()) === 1;
  }
  socket.destroy();
  const back = await Stream.open(server, { lastId });
  const { id } = await server.event("slow.after");
  // In the second after the flood of the test before it is counted instead.
  await back.record("the event, or its count", ({ kind, data }) => data.event_id === id || (kind === "summary" && data.events > 0));
  assert.equal(back.records[0].kind, "gap");
  assert.match(back.records[0].data.reason, /^(too_slow|expired)$/);
  assert.equal(watcher.ended, false, "others read on");
  for (const stream of [watcher, back]) stream.close();
});

test("two_hundred_readers_cost_at_most_20_mb", async () => {
  const one = await Server.start();
  const first = await Stream.open(one);
  const tell = async (count) => {
    let last;
    for (let n = 0; n < count; n++) last = await one.event("memory.t", n);
    return last.id;
  };
  await first.of("event.created", { event_id: await tell(100) });
  const before = residentBytes(one);
  const streams = await Promise.all(Array.from({ length: 200 }, () => Stream.open(one)));
  const id = await tell(100);
  for (const stream of streams) await stream.of("event.created", { event_id: id });
  const cost = residentBytes(one) - before;
  assert.ok(cost <= 20e6, `${cost} bytes`);
  for (const stream of [first, ...streams]) stream.close();
  await one.dispose();
});

function residentBytes({ process: { pid } }) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
}

/// Readers that are connected, by the process's own sockets.
async function openStreams() {
  const text = (await server.call("GET", "/metrics", undefined, { key: "", check: false })).text;
  return Number(/^eventrelay_http_stream_readers (\d+)/m.exec(text)[1]);
}
