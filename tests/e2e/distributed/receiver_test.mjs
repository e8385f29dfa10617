// The built-in test receiver where one process answers people and another delivers; with Redis, and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { Cluster } from "../support/cluster.mjs";
import { until } from "../support/wait.mjs";

const limit = { timeout: 120_000 };

for (const redis of [true, false]) {
  test(`what_a_worker_delivers_is_seen_at_every_api_${redis ? "with" : "without"}_redis`, limit, async () => {
    const cluster = await Cluster.start({ apis: 2, workers: 1, redis, postgres: { fast: true } });
    const [one, two] = cluster.apis;
    const url = "http://receiver.eventrelay.internal/try-1";
    const list = async (api) => (await api.ok("GET", "/api/receiver/try-1")).data;
    const hook = await one.webhook(url, { event_types: ["never.sent"], enabled: false });
    await two.ok("POST", "/api/receiver/try-1", { status: 500 });
    const sent = await two.ok("POST", `/api/webhooks/${hook.id}/test`);
    const [request] = await until("the test arrives", async () => {
      const data = await list(one);
      return data.length > 0 && data;
    }, 10_000);
    new Webhook(hook.secret).verify(request.body, request.headers);
    assert.deepEqual(await list(two), [request]);
    await one.ok("POST", "/api/receiver/try-1", { status: 204 });
    await one.ok("PATCH", `/api/webhooks/${hook.id}`, { enabled: true });
    const delivery = await two.delivery(sent.id, "succeeded");
    assert.deepEqual(delivery.attempts.map((attempt) => attempt.status_code).sort(), [204, 500]);
    await cluster.dispose();
  });
}
