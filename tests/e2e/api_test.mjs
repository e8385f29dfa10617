// Every documented operation once; lists, cursors, filters and counts; and that nothing is left out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { operations, seen } from "./support/conformance.mjs";
import { firstOwner, password, signIn } from "./support/people.mjs";
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

/// All pages of a list, at most `limit` rows each.
async function pages(path, limit) {
  const rows = [];
  let cursor = null, count = 0;
  do {
    const separator = path.includes("?") ? "&" : "?";
    const page = await server.ok("GET", `${path}${separator}limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    assert.ok(page.data.length <= limit);
    rows.push(...page.data);
    cursor = page.next_cursor;
    assert.ok(++count < 100, "the pages end");
  } while (cursor);
  return rows;
}

test("lists_are_newest_first_and_their_pages_neither_repeat_nor_miss", async () => {
  await server.webhook(receiver.url("/listed"), { event_types: ["listed.*"] });
  const ids = [];
  for (let n = 0; n < 25; n++) ids.push((await server.event(n % 5 === 0 ? "listed.five" : "listed.other", n)).id);
  assert.deepEqual((await pages("/api/events", 4)).map((row) => row.id), [...ids].reverse());
  assert.equal((await pages("/api/events?type=listed.five", 2)).length, 5);
  assert.equal((await pages("/api/deliveries?type=listed.other", 7)).length, 20);
});

test("filters_narrow_a_list", async () => {
  const hook = await server.webhook(receiver.url("/filtered"), { event_types: ["filtered.t"] });
  const first = await server.event("filtered.t", 1, { tenant: "acme" });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await server.event("filtered.t", 2, { tenant: "zeta" });
  await server.delivery(first.id, "succeeded");
  await server.delivery(second.id, "succeeded");
  const ids = async (path) => (await server.ok("GET", path)).data.map((row) => row.event_id ?? row.id);
  assert.deepEqual(await ids("/api/events?type=filtered.t&tenant=acme"), [first.id]);
  assert.deepEqual(await ids("/api/events?type=filtered.t&status=succeeded"), [second.id, first.id]);
  assert.deepEqual(await ids(`/api/events?type=filtered.t&after=${second.created_at}`), [second.id], "after is inclusive");
  assert.deepEqual(await ids(`/api/events?type=filtered.t&before=${second.created_at}`), [first.id], "before is exclusive");
  assert.deepEqual(await ids(`/api/events?q=${first.id}`), [first.id]);
  assert.deepEqual(await ids("/api/events?q=filtered"), [second.id, first.id]);
  assert.deepEqual(await ids(`/api/deliveries?webhook_id=${hook.id}&tenant=zeta`), [second.id]);
  assert.deepEqual(await ids(`/api/deliveries?webhook_id=${hook.id}&status=dead`), []);
});

test("counts_are_exact", async () => {
  const own = await Server.start();
  receiver.answers("/counted", 500, 204);
  const good = await own.webhook(receiver.url("/counted"), { event_types: ["counted.t"] });
  const bad = await own.webhook(receiver.url("/counted-dead"), { event_types: ["counted.dead"], retry: { max_attempts: 1 } });
  receiver.answers("/counted-dead", 500);
  await own.delivery((await own.event("counted.t")).id, "succeeded");
  await own.delivery((await own.event("counted.dead")).id, "dead");
  await own.event("counted.none");
  const expected = { events: 3, unmatched: 1, deliveries: 2, attempts: 3, succeeded: 1, failed_attempts: 2, retries: 1, dead: 1, cancelled: 0 };
  let report = await own.ok("GET", "/api/metrics");
  assert.deepEqual(report.totals, expected);
  assert.deepEqual([report.pending, report.dlq], [0, 1]);
  assert.ok(Math.abs(report.success_rate - 1 / 3) < 0.001);
  assert.ok(report.latency_ms.p50 > 0);
  const last = report.series.findLast((point) => point.succeeded > 0);
  assert.ok(last.latency_ms.p95 > 0, "each point has its latencies");
  await own.kill();
  const next = await Server.start({ dataDir: own.dataDir });
  next.ownsDataDir = true;
  report = await next.ok("GET", "/api/metrics?window=1h");
  assert.deepEqual(report.totals, expected, "a crash changes nothing");
  for (const window of ["15m", "6h", "24h", "7d", "30d"]) {
    assert.deepEqual((await next.ok("GET", `/api/metrics?window=${window}`)).totals, expected, window);
    report = await next.ok("GET", `/api/metrics?window=${window}&webhook_id=${good.id}`);
    assert.deepEqual(report.totals, { ...expected, events: 0, unmatched: 0, deliveries: 1, attempts: 2, failed_attempts: 1, dead: 0 });
    report = await next.ok("GET", `/api/metrics?window=${window}&webhook_id=${bad.id}`);
    assert.deepEqual([report.totals.dead, report.pending, report.dlq], [1, 0, 1]);
  }
  report = await next.ok("GET", "/api/metrics?webhook_id=whk_0000000000007");
  assert.deepEqual([report.totals.attempts, report.pending, report.series.length], [0, 0, 15], "nobody's");
  for (const window of ["1h", "24h"]) {
    const { data } = await next.ok("GET", `/api/metrics/webhooks?window=${window}`);
    assert.deepEqual(data.map((row) => [row.webhook_id, row.attempts, row.succeeded, row.failed_attempts, row.dead, row.success_rate]),
                     [[bad.id, 1, 0, 1, 1, 0], [good.id, 2, 1, 1, 0, 0.5]], "of as many failures the newest first");
    assert.ok(data[1].p95_ms > 0);
  }
  const text = (await next.call("GET", "/metrics")).text;
  assert.match(text, /^eventrelay_deliveries_pending 0$/m);
  await next.dispose();
});

async function peopleAnswer() {
  const owner = await firstOwner(server);
  const { user, organization } = await owner.me();
  const { email } = await signIn(server, owner.email);
  await owner.ok("POST", "/api/auth/password", { current_password: password, new_password: password });
  await owner.ok("POST", "/api/auth/organization", { organization_id: organization.id });
  await owner.ok("PATCH", `/api/organizations/${organization.id}`, { name: "Renamed" });
  await owner.ok("POST", "/api/organizations", { name: "Another" });
  await owner.ok("GET", "/api/users");
  await owner.ok("PATCH", `/api/users/${user.id}`, { role: "owner" });
  await owner.call("DELETE", `/api/users/${user.id}`);
  const { id } = await owner.ok("POST", "/api/invitations", { email, role: "viewer" });
  await owner.ok("GET", "/api/invitations");
  await owner.call("DELETE", `/api/invitations/${id}`);
  await owner.ok("GET", "/api/audit");
  await owner.ok("GET", "/api/settings");
  await owner.ok("PATCH", "/api/settings", { retention_days: 0 });
  await owner.call("POST", "/api/auth/logout");
}

test("every_documented_operation_answers_as_described", async () => {
  let broken = true;
  receiver.on("/all", (response) => response.writeHead(broken ? 500 : 204).end());
  const hook = await server.webhook(receiver.url("/all"), { event_types: ["all.*"], retry: { max_attempts: 1 } });
  const event = await server.event("all.one");
  const dead = await server.delivery(event.id, "dead");
  await server.ok("POST", "/api/events/batch", [{ type: "all.two", payload: 1 }, { type: "all.three", payload: 1 }]);
  await until("three are dead", async () => (await server.ok("GET", "/api/dlq")).data.length === 3);
  await server.ok("GET", `/api/events/${event.id}`);
  await server.ok("POST", `/api/events/${event.id}/replay`, {});
  await server.ok("GET", `/api/webhooks/${hook.id}`);
  await server.ok("GET", `/api/webhooks/${hook.id}/secret`);
  await server.ok("POST", `/api/webhooks/${hook.id}/test`);
  await server.ok("POST", `/api/webhooks/${hook.id}/rotate-secret`);
  await server.ok("PATCH", `/api/webhooks/${hook.id}`, { description: "changed" });
  await server.ok("GET", "/api/webhooks");
  await server.ok("POST", "/api/receiver/all", { status: 204 });
  await server.ok("GET", "/api/receiver/all");
  await server.ok("GET", "/api/events");
  await server.ok("GET", "/api/deliveries");
  await server.ok("GET", `/api/deliveries/${dead.id}`);
  await server.call("POST", `/api/deliveries/${dead.id}/retry`);
  await server.call("POST", `/api/deliveries/${dead.id}/cancel`);
  await server.call("POST", `/api/dlq/${dead.id}/replay`);
  await server.call("DELETE", `/api/dlq/${dead.id}`);
  broken = false;
  const { job_id } = await server.ok("POST", "/api/dlq/replay", {});
  await server.job(job_id);
  await server.ok("POST", "/api/dlq/purge", {});
  await server.ok("GET", "/api/jobs");
  await server.call("POST", `/api/jobs/${job_id}/cancel`);
  const key = await server.ok("POST", "/api/keys", { name: "k", scope: "read" });
  await server.ok("GET", "/api/keys");
  await server.call("DELETE", `/api/keys/${key.id}`);
  await server.ok("GET", "/api/metrics");
  await server.ok("GET", "/api/metrics/webhooks");
  await peopleAnswer();
  for (const path of ["/metrics", "/healthz", "/readyz", "/openapi.json"]) await server.call("GET", path);
  assert.ok((await server.call("DELETE", `/api/webhooks/${hook.id}`)).status < 300);
  const missing = operations.filter((name) => !seen.has(name));
  assert.deepEqual(missing, [], "operations that no test here has called");
});
