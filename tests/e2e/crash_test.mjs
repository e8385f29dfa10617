// kill -9 at random moments under load, again and again, on one data directory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Load } from "./support/load.mjs";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";
import { sleep, until } from "./support/wait.mjs";

const rounds = 20;
const inFlightMax = 8;
// From the answer's leaving the receiver to its commit: what was answered longer before a kill may not be repeated.
const commitMsMax = 300;

/// A generator of numbers in [0, 1) from a seed (mulberry32), so that a failure can be run again.
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("twenty_kills_lose_no_acknowledged_event_and_repeat_only_what_was_in_flight", { timeout: 120_000 }, async (t) => {
  const seed = Number(process.env.EVENTRELAY_CRASH_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`EVENTRELAY_CRASH_SEED=${seed}`);
  const next = random(seed);
  const receiver = await Receiver.start();
  let calls = 0;
  // One in seven fails, answers take up to 10 ms: retries and attempts under way at every moment.
  receiver.on("/hook", (response) => setTimeout(() => response.writeHead(++calls % 7 === 0 ? 500 : 204).end(), calls % 10));
  let server = await Server.start();
  await server.webhook(receiver.url(), { max_in_flight: inFlightMax, retry: { max_attempts: 50, initial_ms: 10, multiplier: 1 } });

  const acknowledged = [];
  const kills = [];
  for (let round = 0; round < rounds; round++) {
    const load = new Load(server, { connections: 16 });
    await sleep(50 + next() * 400);
    const from = Date.now();
    await server.kill();
    kills.push({ from, to: Date.now() });
    await load.stop();
    acknowledged.push(...load.acknowledged);
    server = await Server.start({ dataDir: server.dataDir });
  }
  assert.ok(acknowledged.length > 500, `${acknowledged.length} acknowledged: enough load to mean something`);

  const byId = () => grouped(receiver.requests);
  await until(() => `all ${acknowledged.length} arrive: ${byId().size} did`, () => {
    const arrived = byId();
    return acknowledged.every((id) => arrived.has(id));
  }, 60_000);
  await until("nothing is pending", async () => (await server.ok("GET", "/api/metrics")).pending === 0, 30_000);

  // A request is a repeat when an earlier one of the same event was already answered 204.
  let repeats = 0;
  for (const requests of byId().values()) {
    const first = requests.findIndex((request) => request.status === 204);
    for (const repeat of requests.slice(first + 1)) {
      repeats++;
      const before = requests[first];
      const excuse = kills.some(({ from, to }) =>
        before.at <= to && repeat.at >= from && (!before.answeredAt || before.answeredAt >= from - commitMsMax));
      assert.ok(excuse, `repeated although no kill was near: ${JSON.stringify([before.at, before.answeredAt, repeat.at])}`);
    }
  }
  t.diagnostic(`${acknowledged.length} acknowledged, ${receiver.requests.length} requests, ${repeats} repeats in ${rounds} kills`);
  server.ownsDataDir = true;
  await server.dispose();
  await receiver.stop();
});

function grouped(requests) {
  const groups = new Map();
  for (const request of requests) {
    if (!groups.has(request.id)) groups.set(request.id, []);
    groups.get(request.id).push(request);
  }
  return groups;
}
