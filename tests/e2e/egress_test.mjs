// Where deliveries may not go: the operator's network is out of reach unless the operator says otherwise.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";

let receiver;
before(async () => {
  receiver = await Receiver.start();
});
after(() => receiver?.stop());

async function attemptAt(server, url, type) {
  const made = await server.call("POST", "/api/webhooks", { url, event_types: [type], retry: { max_attempts: 1 } });
  if (made.status !== 201) return { refused: made };
  const event = await server.event(type);
  return (await server.delivery(event.id, "dead")).attempts[0];
}

test("private_and_loopback_targets_are_denied_by_default_however_they_are_written", async () => {
  const server = await Server.start({ privateTargets: false });
  const { port } = receiver;
  const urls = [
    `http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://[::1]:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`,
    `http://0.0.0.0:${port}/`, "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.1.1/",
    "http://[fd00::1]/", `http://2130706433:${port}/`, `http://0x7f.1:${port}/`, `http://127.1:${port}/`,
  ];
  for (const [n, url] of urls.entries()) {
    const attempt = await attemptAt(server, url, `egress.n${n}`);
    if (attempt.refused) assert.equal(attempt.refused.status, 422, url);
    else assert.ok(["address_denied", "dns", "invalid_url"].includes(attempt.error.code), `${url}: ${attempt.error.code}`);
  }
  assert.equal(receiver.requests.length, 0);
  await server.dispose();
});

test("an_operator_can_allow_a_range", async () => {
  const server = await Server.start({ privateTargets: false, flags: ["--allow-targets", "127.0.0.0/8"] });
  await server.webhook(receiver.url("/allowed"), { event_types: ["allowed.t"] });
  await server.delivery((await server.event("allowed.t")).id, "succeeded");
  assert.equal((await attemptAt(server, "http://10.0.0.1/", "denied.t")).refused?.status, 422);
  await server.dispose();
});

test("the_environments_proxy_is_ignored", async () => {
  const proxy = await Receiver.start();
  const env = Object.fromEntries(["http_proxy", "https_proxy", "HTTP_PROXY", "ALL_PROXY"].map((name) => [name, proxy.origin]));
  const server = await Server.start({ env });
  await server.webhook(receiver.url("/direct"), { event_types: ["direct.t"] });
  await server.delivery((await server.event("direct.t")).id, "succeeded");
  assert.equal(proxy.requests.length, 0);
  await server.dispose();
  await proxy.stop();
});
