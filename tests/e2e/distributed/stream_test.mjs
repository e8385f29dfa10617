// The stream of what happens across processes: the same everywhere, and no process is needed to go on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Cluster } from "../support/cluster.mjs";
import { Receiver } from "../support/receiver.mjs";
import { Stream } from "../support/stream.mjs";
import { until } from "../support/wait.mjs";

let cluster, receiver, first, second;
before(async () => {
  // Without Redis: it has no part in it.
  [cluster, receiver] = await Promise.all([Cluster.start({ apis: 2, workers: 1, redis: false }), Receiver.start()]);
  [first, second] = cluster.apis;
  await first.webhook(receiver.url("/hook"), { event_types: ["stream.*"] });
});
after(async () => {
  await cluster?.dispose();
  await receiver?.stop();
});

const of = (records, ids) => records.filter(({ data }) => ids.includes(data.event_id));

test("what_happens_anywhere_is_told_everywhere_with_the_same_ids", async () => {
  const here = await Stream.open(first);
  const there = await Stream.open(second);
  const ids = [];
  for (let n = 0; n < 10; n++) ids.push((await (n % 2 ? first : second).event("stream.both", n)).id);
  for (const stream of [here, there]) {
    for (const id of ids) {
      await stream.of("event.created", { event_id: id });
      await stream.of("delivery.succeeded", { event_id: id });
    }
  }
  assert.deepEqual(of(here.records, ids), of(there.records, ids));
  assert.equal(new Set(of(here.records, ids).map(({ id }) => id)).size, 20);
  here.close();
  there.close();
});

test("the_first_reader_of_all_misses_nothing_from_its_head_on", async () => {
  const stream = await Stream.open(second);
  const { id } = await first.event("stream.at-once");
  await stream.of("event.created", { event_id: id });
  await stream.of("delivery.succeeded", { event_id: id });
  stream.close();
});

test("a_reader_moves_from_one_process_to_the_other_and_misses_nothing", async () => {
  let stream = await Stream.open(first);
  const ids = [], got = [];
  for (let round = 0; round < 6; round++) {
    for (let n = 0; n < 5; n++) ids.push((await (n % 2 ? first : second).event("stream.moves", n)).id);
    stream.close();
    got.push(...of(stream.records, ids));
    stream = await Stream.open(round % 2 ? first : second, { lastId: stream.lastId });
  }
  await until("the last delivery", () => stream.records.some(({ kind, data }) =>
    kind === "delivery.succeeded" && data.event_id === ids.at(-1)));
  got.push(...of(stream.records, ids));
  const told = got.filter(({ kind }) => kind === "event.created").map(({ data }) => data.event_id);
  assert.deepEqual([...told].sort(), [...ids].sort(), "each once");
  assert.equal(new Set(got.map(({ id }) => id)).size, got.length, "no record twice");
  stream.close();
});

test("a_reader_goes_on_elsewhere_when_its_process_is_killed", async () => {
  const extra = await cluster.startApi();
  const stream = await Stream.open(extra);
  const before = await first.event("stream.before");
  await stream.of("event.created", { event_id: before.id });
  await cluster.kill9(extra);
  await until("it ends", () => stream.ended);
  const missed = await second.event("stream.missed");
  const back = await Stream.open(first, { lastId: stream.lastId });
  await back.of("event.created", { event_id: missed.id });
  assert.equal(back.records.some(({ kind }) => kind === "gap"), false);
  back.close();
});

test("after_a_crash_of_the_database_a_reader_is_told_of_a_gap", async () => {
  const stream = await Stream.open(first);
  await cluster.postgres.kill();
  await cluster.postgres.restart();
  await stream.of("gap", {}, 30_000);
  // What is under way while connections are made again may be lost, and is told as such.
  const ids = [];
  await until("it goes on", async () => {
    ids.push((await second.event("stream.after").catch(() => ({}))).id);
    return of(stream.records, ids).some(({ kind }) => kind === "event.created");
  }, 30_000);
  stream.close();
});
