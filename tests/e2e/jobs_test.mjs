// Bulk replay and purge of the dead letter queue: jobs with progress.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";
import { until } from "./support/wait.mjs";

let server, receiver;
before(async () => {
  [server, receiver] = await Promise.all([Server.start(), Receiver.start()]);
});
after(async () => {
  await server?.dispose();
  await receiver?.stop();
});

/// Makes `count` dead deliveries of a type to a path; the returned function mends the receiver.
async function makeDead(name, count) {
  let broken = true;
  receiver.on(`/${name}`, (response) => response.writeHead(broken ? 500 : 204).end());
  const hook = await server.webhook(receiver.url(`/${name}`), { event_types: [`${name}.t`], retry: { max_attempts: 1 } });
  for (let left = count; left > 0; left -= 1_000) {
    await server.ok("POST", "/api/events/batch", Array.from({ length: Math.min(left, 1_000) }, (_, n) => ({ type: `${name}.t`, payload: n })));
  }
  await until(`${count} dead`, async () =>
    (await server.ok("POST", "/api/dlq/replay", { webhook_id: hook.id, dry_run: true })).count === count, 20_000);
  return { hook, mend: () => (broken = false) };
}

test("a_dry_run_counts_and_changes_nothing", async () => {
  const { hook } = await makeDead("dry", 3);
  for (const action of ["replay", "purge"]) {
    const answer = await server.ok("POST", `/api/dlq/${action}`, { webhook_id: hook.id, dry_run: true });
    assert.equal(answer.count, 3);
  }
  assert.equal((await server.ok("GET", `/api/dlq?webhook_id=${hook.id}`)).data.length, 3);
});

test("a_bulk_replay_delivers_everything_that_matched", async () => {
  const { hook, mend } = await makeDead("bulk", 1_200);
  const other = await makeDead("bulk-other", 2);
  mend();
  const { job_id, count } = await server.ok("POST", "/api/dlq/replay", { webhook_id: hook.id });
  assert.equal(count, 1_200);
  const job = await server.job(job_id, 20_000);
  assert.deepEqual([job.state, job.done, job.total], ["done", 1_200, 1_200]);
  await receiver.received("/bulk", 2_400, 20_000);
  assert.equal((await server.ok("GET", `/api/dlq?webhook_id=${other.hook.id}`)).data.length, 2, "the others stay");
});

test("a_replay_never_meets_what_it_made_dead_again", async () => {
  const { hook } = await makeDead("again", 50);
  const { job_id } = await server.ok("POST", "/api/dlq/replay", { webhook_id: hook.id });
  const job = await server.job(job_id);
  assert.equal(job.done, 50);
  await receiver.received("/again", 100);
  await until("all are dead again", async () =>
    (await server.ok("POST", "/api/dlq/replay", { webhook_id: hook.id, dry_run: true })).count === 50);
  assert.equal(receiver.at("/again").length, 100);
});

test("a_purge_cancels_and_says_why", async () => {
  const { hook } = await makeDead("purge", 4);
  const [first] = (await server.ok("GET", `/api/dlq?webhook_id=${hook.id}&limit=1`)).data;
  assert.ok((await server.call("DELETE", `/api/dlq/${first.id}`)).status < 300);
  const { job_id, count } = await server.ok("POST", "/api/dlq/purge", { webhook_id: hook.id });
  assert.equal(count, 3);
  assert.equal((await server.job(job_id)).state, "done");
  const purged = (await server.ok("GET", `/api/deliveries?webhook_id=${hook.id}&status=cancelled`)).data;
  assert.equal(purged.length, 4);
  assert.ok(purged.every((row) => row.reason === "purged"));
});

test("a_job_keeps_its_rate_and_can_be_cancelled", async () => {
  const { hook, mend } = await makeDead("slow", 100);
  mend();
  const { job_id } = await server.ok("POST", "/api/dlq/replay", { webhook_id: hook.id, rate: 10 });
  await receiver.received("/slow", 103, 10_000);
  assert.equal((await server.call("POST", `/api/jobs/${job_id}/cancel`)).status, 202);
  const job = await server.job(job_id);
  assert.equal(job.state, "cancelled");
  assert.ok(job.done < 60, `${job.done} done: past its rate`);
  const { data } = await server.ok("GET", "/api/jobs");
  assert.ok(data.some((row) => row.id === job_id));
});

test("a_job_survives_a_restart", async () => {
  const own = await Server.start();
  let broken = true;
  receiver.on("/survives", (response) => response.writeHead(broken ? 500 : 204).end());
  await own.webhook(receiver.url("/survives"), { retry: { max_attempts: 1 } });
  await own.ok("POST", "/api/events/batch", Array.from({ length: 60 }, (_, n) => ({ type: "s.t", payload: n })));
  await until("60 dead", async () => (await own.ok("POST", "/api/dlq/replay", { dry_run: true })).count === 60);
  broken = false;
  const { job_id } = await own.ok("POST", "/api/dlq/replay", { rate: 30 });
  await until("it has begun", async () => (await own.ok("GET", `/api/jobs/${job_id}`)).done > 0);
  await own.kill();
  const next = await Server.start({ dataDir: own.dataDir });
  next.ownsDataDir = true;
  const job = await next.job(job_id, 15_000);
  assert.deepEqual([job.state, job.done, job.total], ["done", 60, 60]);
  await until("nothing is dead", async () => (await next.ok("GET", "/api/dlq")).data.length === 0);
  await next.dispose();
});
