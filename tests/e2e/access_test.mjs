// Who may do what; and the answers to what does not exist or is not allowed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeDataDir, Server } from "./support/server.mjs";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server?.dispose());

const makeKey = (scope) => server.ok("POST", "/api/keys", { name: `a ${scope} key`, scope });

test("without_a_key_or_with_a_wrong_one_it_is_401", async () => {
  for (const key of ["", "er_wrong", server.key + "x"]) {
    assert.equal((await server.call("GET", "/api/webhooks", undefined, { key })).status, 401);
  }
});

test("either_header_carries_the_key", async () => {
  const headers = { "x-api-key": server.key };
  assert.equal((await server.call("GET", "/api/webhooks", undefined, { key: "", headers })).status, 200);
});

test("a_publish_key_sends_events_and_nothing_else", async () => {
  const { key } = await makeKey("publish");
  assert.equal((await server.call("POST", "/api/events", { type: "a", payload: 1 }, { key })).status, 202);
  for (const [method, path] of [["GET", "/api/webhooks"], ["GET", "/api/events"], ["POST", "/api/webhooks"], ["GET", "/api/keys"]]) {
    const answer = await server.call(method, path, method === "POST" ? {} : undefined, { key });
    assert.equal(answer.status, 403, `${method} ${path}`);
  }
});

test("a_read_key_looks_and_changes_nothing", async () => {
  const { key } = await makeKey("read");
  for (const path of ["/api/webhooks", "/api/events", "/api/deliveries", "/api/dlq", "/api/jobs", "/api/metrics"]) {
    assert.equal((await server.call("GET", path, undefined, { key })).status, 200, path);
  }
  const hook = await server.webhook("http://127.0.0.1:9/");
  assert.equal((await server.call("GET", `/api/webhooks/${hook.id}/secret`, undefined, { key })).status, 403);
  assert.equal((await server.call("POST", "/api/events", { type: "a", payload: 1 }, { key })).status, 403);
  assert.equal((await server.call("DELETE", `/api/webhooks/${hook.id}`, undefined, { key })).status, 403);
  await server.ok("DELETE", `/api/webhooks/${hook.id}`).catch(() => {});
});

test("a_read_key_sees_no_header_value_that_a_webhook_adds", async () => {
  const { key } = await makeKey("read");
  const hook = await server.webhook("http://127.0.0.1:9/", { headers: { "x-api-key": "s3cret" }, retry: { max_attempts: 1 } });
  const { id } = await server.delivery((await server.event("hidden.t")).id, "dead", hook.id);
  for (const path of [`webhooks/${hook.id}`, "webhooks", `deliveries/${id}`]) {
    assert.doesNotMatch((await server.call("GET", `/api/${path}`, undefined, { key })).text, /s3cret/, path);
    assert.match((await server.call("GET", `/api/${path}`)).text, /s3cret/, path);
  }
  await server.call("DELETE", `/api/webhooks/${hook.id}`);
});

test("a_deleted_key_ends_at_once_and_a_listed_one_shows_no_secret", async () => {
  const made = await makeKey("admin");
  const shown = (await server.ok("GET", "/api/keys?limit=250")).data.find((row) => row.id === made.id);
  assert.ok(shown && !JSON.stringify(shown).includes(made.key));
  assert.equal((await server.call("GET", "/api/events", undefined, { key: made.key })).status, 200);
  assert.ok((await server.call("DELETE", `/api/keys/${made.id}`)).status < 300);
  assert.equal((await server.call("GET", "/api/events", undefined, { key: made.key })).status, 401);
});

test("unknown_ids_are_404_whatever_their_kind", async () => {
  const id = "0000000000001";
  for (const path of [`events/evt_${id}`, `webhooks/whk_${id}`, `deliveries/dlv_${id}`, `jobs/job_${id}`, "events/nonsense"]) {
    assert.equal((await server.call("GET", `/api/${path}`)).status, 404, path);
  }
  assert.equal((await server.call("POST", `/api/dlq/dlv_${id}/replay`)).status, 404);
});

test("unknown_paths_are_404_and_wrong_methods_405_with_allow", async () => {
  assert.equal((await server.call("GET", "/api/nowhere")).status, 404);
  const wrong = await server.call("PUT", "/api/webhooks", {});
  assert.equal(wrong.status, 405);
  assert.deepEqual(wrong.headers.allow.split(/, */).sort(), ["GET", "POST"]);
  assert.equal((await server.call("DELETE", "/api/events/batch")).status, 405);
});

test("bad_cursors_limits_and_filters_are_refused_by_name", async () => {
  for (const query of ["limit=0", "limit=251", "limit=x", "cursor=!!", "status=odd", "after=yesterday", "colour=red"]) {
    const answer = await server.call("GET", `/api/deliveries?${query}`);
    assert.ok([400, 422].includes(answer.status), `${query} -> ${answer.status}`);
    assert.ok(answer.json.errors.some((error) => error.path === query.split("=")[0]), `${query}: ${answer.text}`);
  }
  for (const path of ["?window=2h", "?webhook_id=evt_0000000000007", "/webhooks?window=7d"])
    assert.equal((await server.call("GET", `/api/metrics${path}`)).status, 422, path);
});

test("health_metrics_and_the_description_need_no_key", async () => {
  for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json"]) {
    assert.equal((await server.call("GET", path, undefined, { key: "" })).status, 200, path);
  }
  const metrics = (await server.call("GET", "/metrics")).text;
  for (const name of ["eventrelay_events_total", "eventrelay_deliveries_total{outcome=", "eventrelay_deliveries_pending",
                      "eventrelay_delivery_latency_seconds_bucket"]) {
    assert.ok(metrics.includes(name), name);
  }
  const { json } = await server.call("GET", "/openapi.json");
  assert.equal(json.openapi.slice(0, 3), "3.1");
});

test("without_a_given_key_the_first_start_makes_one_and_prints_it_once", async () => {
  const first = await Server.start({ key: "" });
  const [key] = /er_[A-Za-z0-9_-]{43}/.exec(first.log) ?? [];
  assert.ok(key, first.log);
  assert.equal((await first.call("GET", "/api/webhooks", undefined, { key })).status, 200);
  await first.stop();
  const second = await Server.start({ key: "", dataDir: first.dataDir });
  assert.doesNotMatch(second.log, /er_[A-Za-z0-9_-]{43}/);
  assert.equal((await second.call("GET", "/api/webhooks", undefined, { key })).status, 200);
  second.ownsDataDir = true;
  await second.dispose();
});

test("a_first_start_that_cannot_listen_makes_no_key", async () => {
  const dataDir = makeDataDir();
  const taken = new URL(server.origin).host;
  await assert.rejects(Server.start({ key: "", dataDir, listen: taken }), /Cannot listen/);
  const next = await Server.start({ key: "", dataDir });
  assert.match(next.log, /er_[A-Za-z0-9_-]{43}/, "the key is shown by the first start that runs");
  await next.dispose();
});

test("an_operators_key_may_hold_spaces_and_another_one_leaves_the_first", async () => {
  const key = "correct horse battery staple";
  const first = await Server.start({ key });
  assert.equal((await first.call("GET", "/api/keys")).status, 200);
  await first.stop();
  const second = await Server.start({ dataDir: first.dataDir });
  second.ownsDataDir = true;
  const { data } = await second.ok("GET", "/api/keys");
  const old = data.find((row) => row.hint === key.slice(-4));
  assert.equal((await second.call("GET", "/api/keys", undefined, { key })).status, 200);
  await second.call("DELETE", `/api/keys/${old.id}`);
  assert.equal((await second.call("GET", "/api/keys", undefined, { key })).status, 401);
  await second.dispose();
  await assert.rejects(Server.start({ key: key + " " }), /must not begin or end with a space/);
});
