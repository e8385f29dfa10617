// An embedded installation moves to PostgreSQL: everything that its API showed is there afterwards, and goes on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { adopt } from "./support/children.mjs";
import { Postgres, sql } from "./support/postgres.mjs";
import { Receiver } from "./support/receiver.mjs";
import { binary, makeDataDir, Server } from "./support/server.mjs";
import { sqliteOnly } from "./support/store.mjs";
import { until } from "./support/wait.mjs";

const farOff = 3_600_000;
const bulk = 4_000;  // several transactions of an import a table

let postgres, receiver, folder;
before(async () => {
  [postgres, receiver] = await Promise.all([Postgres.start({ fast: true }), Receiver.start()]);
  folder = makeDataDir();
});
after(async () => {
  await receiver?.stop();
  await postgres?.dispose();
});

/// Starts the program; `exit` resolves to { code, signal, out, err }.
function start(...words) {
  const child = spawn(binary, words, { cwd: folder, env: { PATH: process.env.PATH }, stdio: ["ignore", "pipe", "pipe"] });
  adopt(child);
  let out = "", err = "";
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  const exit = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, out, err })));
  return { child, exit };
}

function run(...words) {
  return start(...words).exit;
}

/// Every page of a list.
async function all(server, list) {
  const rows = [];
  for (let cursor = ""; cursor !== null;) {
    const page = await server.ok("GET", `${list}?limit=250${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    rows.push(...page.data);
    cursor = page.next_cursor;
  }
  return rows;
}

/// All that the API shows of an installation.
async function view(server) {
  const lists = {};
  for (const list of ["events", "deliveries", "dlq", "webhooks", "jobs", "keys"]) lists[list] = await all(server, `/api/${list}`);
  // The bulk's are alike: the first and the last few hundred rows take in all the others.
  const some = (rows) => [...rows.slice(0, 20), ...rows.slice(-100)];
  const single = (list) => Promise.all(some(lists[list]).map(({ id }) => server.ok("GET", `/api/${list}/${id}`)));
  const secrets = await Promise.all(lists.webhooks.map(({ id }) => server.ok("GET", `/api/webhooks/${id}/secret`)));
  const metrics = await server.ok("GET", "/api/metrics?window=6h");
  // Its first and last point move on with the clock.
  metrics.series = metrics.series.filter((point) => point.events > 0 || point.attempts > 0);
  const perWebhook = {};
  for (const { id } of lists.webhooks) {
    const { totals, pending, dlq, latency_ms } = await server.ok("GET", `/api/metrics?window=7d&webhook_id=${id}`);
    perWebhook[id] = { totals, pending, dlq, latency_ms };
  }
  const counts = await server.ok("GET", "/api/metrics/webhooks?window=24h");
  return { lists, events: await single("events"), deliveries: await single("deliveries"), secrets, metrics, perWebhook, counts };
}

/// An installation with deliveries in each state, none of them due before an hour has gone.
async function fill(server) {
  const hook = (name, spec) => server.webhook(receiver.url(`/${name}`), { event_types: [`${name}.*`], ...spec });
  const later = { retry: { schedule_ms: [farOff, farOff] } };
  receiver.answers("/fails", 500);
  const hooks = {
    ok: await hook("ok", { headers: { "x-own": "1" }, description: "ümläut\t\\N" }),
    fails: await hook("fails", later),
    dead: await hook("fails", { event_types: ["dead.*"], retry: { max_attempts: 1 } }),
    disabled: await hook("disabled", { enabled: false, tenant: "Zoë" }),
    ordered: await hook("fails", { event_types: ["fails.*"], ordered: true, ...later }),
    deleted: await hook("deleted", {}),
  };
  await server.ok("POST", `/api/webhooks/${hooks.ok.id}/rotate-secret`);
  await server.ok("POST", "/api/keys", { name: "reader", scope: "read" });

  const events = {
    ok: await server.event("ok.one", { text: "a\\b\t\"ü\"" }, { metadata: { a: 1 } }),
    retried: await server.event("fails.one", 1),
    scheduled: await server.event("ok.later", 2, { deliver_at: new Date(Date.now() + farOff).toISOString() }),
    waiting: await server.event("disabled.one", 3, { tenant: "Zoë" }),
    cancelled: await server.event("fails.two", 4),
    deleted: await server.event("deleted.one", 5),
    unmatched: await server.event("nobody.one", null),
    keyed: await server.event("ok.keyed", 6, {}, { headers: { "idempotency-key": "kept" } }),
  };
  events.batch = await server.ok("POST", "/api/events/batch", [{ type: "ok.b", payload: 1 }, { type: "ok.b", payload: 2 }],
                                 { headers: { "idempotency-key": "kept-batch" } });
  await server.ok("POST", "/api/events/batch", Array.from({ length: 30 }, (_, n) => ({ type: "dead.t", payload: n })));
  for (let n = 0; n < bulk; n += 1_000) {
    await server.ok("POST", "/api/events/batch", Array.from({ length: 1_000 }, (_, i) => ({ type: "ok.bulk", payload: { n: n + i } })));
  }
  await server.delivery(events.ok.id, "succeeded");
  await server.delivery(events.deleted.id, "succeeded");
  await server.ok("POST", `/api/events/${events.ok.id}/replay`, {});
  const [{ id: cancelled }] = (await server.ok("GET", `/api/deliveries?event_id=${events.cancelled.id}`)).data;
  await server.ok("POST", `/api/deliveries/${cancelled}/cancel`);
  await server.call("DELETE", `/api/webhooks/${hooks.deleted.id}`);

  // Some of the dead go out again and die again, one is purged.
  await until("30 are dead", async () => (await server.ok("POST", "/api/dlq/replay", { dry_run: true })).count === 30, 20_000);
  const dead = (await server.ok("GET", "/api/dlq")).data;
  await server.ok("POST", `/api/dlq/${dead[0].id}/replay`);
  await server.call("DELETE", `/api/dlq/${dead[1].id}`);
  const { job_id } = await server.ok("POST", "/api/dlq/replay", { event_id: dead[2].event_id });
  await server.job(job_id);
  // Three wait for their retry, one for its time, one for its webhook.
  await until("nothing is under way", async () => {
    const pending = (await server.ok("GET", "/api/deliveries?status=pending")).data;
    return pending.length === 5 && pending.filter((row) => row.attempt_count === 1).length === 3
      && (await server.ok("GET", "/api/dlq")).data.length === 29;
  }, 30_000);
  return { hooks, events };
}

/// A session that keeps others from writing until it is let go of.
async function hold(url, table) {
  const child = spawn("psql", ["-XAtq", "-d", url], { stdio: ["pipe", "pipe", "inherit"] });
  adopt(child);
  child.stdin.write(`BEGIN; LOCK TABLE eventrelay.${table} IN EXCLUSIVE MODE; SELECT 'held';\n`);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return () => new Promise((resolve) => child.on("exit", resolve).stdin.end());
}

sqliteOnly("everything_survives_a_move_that_is_killed_on_its_way", "it moves from there", async () => {
  const file = path.join(folder, "whole");
  let server = await Server.start();
  const { hooks, events } = await fill(server);
  const used = await run("export", "--data-dir", server.dataDir, file);
  assert.equal(used.code, 1);
  assert.match(used.err, /Another process uses the data directory .* stop it first/);
  const before = await view(server);
  assert.deepEqual([...new Set(before.lists.deliveries.map(({ status }) => status))].sort(),
                   ["cancelled", "dead", "pending", "succeeded"]);
  const sent = receiver.requests.length;
  const { dataDir } = server;
  await server.kill();

  const exported = await run("export", "--data-dir", dataDir, file);
  assert.equal(exported.code, 0, exported.err);
  assert.match(exported.out, new RegExp(`^events +${before.lists.events.length}$`, "m"));

  // Killed while it copies deliveries, then while it copies attempts.
  const url = await postgres.createDatabase();
  assert.equal((await run("migrate", "--database-url", url)).code, 0);
  // They are there, or it would wait for the locks while it makes them.
  await sql(url, "SET search_path TO eventrelay; SELECT make_partitions(now_ms(), 1)");
  let reached = 0;
  for (const table of ["deliveries", "attempts"]) {
    const letGo = await hold(url, table);
    const importing = start("import", "--database-url", url, file);
    await until("it waits for the lock", async () => await sql(url,
      "SELECT 1 FROM pg_stat_activity WHERE application_name = 'eventrelay import' AND wait_event_type = 'Lock'"));
    importing.child.kill("SIGKILL");
    await importing.exit;
    await letGo();
    const rows = Number(await sql(url, "SELECT rows FROM eventrelay.imports"));
    assert.ok(rows > reached, `${rows} rows`);
    reached = rows;
    await assert.rejects(Server.start({ databaseUrl: url }), /An import into this database has not ended/);
  }
  const imported = await run("import", "--database-url", url, file);
  assert.equal(imported.code, 0, imported.err);
  assert.match(imported.out, new RegExp(`^events +${before.lists.events.length} +${before.lists.events.length}$`, "m"));
  assert.match(imported.out, /^Imported$/m);
  assert.match(imported.err, /^attempts: \d+ of \d+ rows \(\d+ %\)$/m);
  assert.doesNotMatch(imported.err, /^events: /m, "they were there");
  const again = await run("import", "--database-url", url, file);
  assert.deepEqual([again.code, /nothing to do/.test(again.out)], [0, true]);

  server = await Server.start({ databaseUrl: url });
  assert.deepEqual(await view(server), before);
  assert.equal(receiver.requests.length, sent, "nothing is sent again");

  // It goes on where it was.
  const keyed = await server.event("ok.keyed", 6, {}, { headers: { "idempotency-key": "kept" } });
  assert.deepEqual(keyed, { ...events.keyed, duplicate: true });
  const batch = await server.ok("POST", "/api/events/batch", [{ type: "ok.b", payload: 1 }, { type: "ok.b", payload: 2 }],
                                { headers: { "idempotency-key": "kept-batch" } });
  assert.deepEqual(batch.data.map(({ id, deliveries }) => [id, deliveries]), events.batch.data.map(({ id, deliveries }) => [id, deliveries]));
  const next = await server.event("ok.next", 7);
  assert.ok(next.id > before.lists.deliveries[0].id.replace("dlv_", "evt_"), "ids rise");
  await server.delivery(next.id, "succeeded");
  await server.ok("PATCH", `/api/webhooks/${hooks.disabled.id}`, { enabled: true });
  await server.delivery(events.waiting.id, "succeeded");
  receiver.answers("/fails", 204);
  for (const hook of [hooks.fails, hooks.ordered]) {
    const delivery = await server.delivery(events.retried.id, "pending", hook.id);
    await server.ok("POST", `/api/deliveries/${delivery.id}/retry`);
    const done = await server.delivery(events.retried.id, "succeeded", hook.id);
    assert.equal(done.attempts.length, delivery.attempts.length + 1);
  }
  await server.dispose();
});

sqliteOnly("a_file_that_is_not_whole_changes_nothing", "it moves from there", async () => {
  const server = await Server.start();
  await server.event();
  await server.stop();
  const file = path.join(folder, "small");
  assert.equal((await run("export", "--data-dir", server.dataDir, file)).code, 0);
  const piped = await run("export", "--data-dir", server.dataDir, "-");
  assert.equal(piped.code, 0);
  assert.match(piped.err, /^events +1$/m);
  const bytes = readFileSync(file);
  const url = await postgres.createDatabase();
  const refused = async (name, content, sentence) => {
    writeFileSync(path.join(folder, name), content);
    const { code, err } = await run("import", "--database-url", url, path.join(folder, name));
    assert.equal(code, 1);
    assert.match(err, sentence);
  };
  await refused("cut", bytes.subarray(0, bytes.length - 100), /was cut off/);
  await refused("damaged", Buffer.concat([bytes.subarray(0, 600), Buffer.from([bytes[600] ^ 1]), bytes.subarray(601)]), /damaged|cut off/);
  await refused("other", "not this", /is not an export of EventRelay/);
  assert.equal(await sql(url, "SELECT to_regclass('eventrelay.events')"), "");
  assert.equal((await run("export", "--data-dir", server.dataDir, file)).code, 1, "it is not written over");
  assert.equal((await run("import", file)).code, 2, "it needs a database");

  // A first start may have made a key, but must have ended.
  const early = await Server.start({ databaseUrl: url });
  const served = await run("import", "--database-url", url, file);
  assert.match(served.err, /An EventRelay process uses the database: stop it first/);
  await early.dispose();
  assert.equal((await run("import", "--database-url", url, file)).code, 0);
  await server.dispose();
});
