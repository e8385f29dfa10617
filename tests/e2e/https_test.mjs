// HTTPS receivers: a certificate authority of the operator's own, and what must not be trusted.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Authority } from "./support/certificates.mjs";
import { Receiver } from "./support/receiver.mjs";
import { Server } from "./support/server.mjs";
import { until } from "./support/wait.mjs";

let authority, server, good;
before(async () => {
  authority = new Authority();
  good = await Receiver.start({ tls: authority.issue("DNS:localhost", "IP:127.0.0.1") });
  server = await Server.start({ env: { SSL_CERT_FILE: authority.file } });
});
after(async () => {
  await server?.dispose();
  await good?.stop();
});

/// The only attempt at the URL.
async function attemptAt(url, type) {
  await server.webhook(url, { event_types: [type], retry: { max_attempts: 1 } });
  const event = await server.event(type);
  const ended = await until("the delivery ends", async () =>
    (await server.ok("GET", `/api/deliveries?event_id=${event.id}`)).data.find((row) => row.status !== "pending"));
  return (await server.ok("GET", `/api/deliveries/${ended.id}`)).attempts[0];
}

test("an_https_receiver_with_the_operators_own_authority_is_delivered_to", async () => {
  const attempt = await attemptAt(good.url("/tls"), "tls.ip");
  assert.equal(attempt.error, null);
  assert.ok(attempt.timings.tls_ms >= 0);
  assert.equal((await good.received("/tls", 1)).length, 1);
});

test("a_host_name_is_resolved_and_checked", async () => {
  const attempt = await attemptAt(`https://localhost:${good.port}/named`, "tls.name");
  assert.equal(attempt.error, null);
  assert.ok(attempt.timings.dns_ms >= 0);
});

test("a_certificate_for_another_name_is_refused", async () => {
  const other = await Receiver.start({ tls: authority.issue("DNS:other.example") });
  assert.equal((await attemptAt(`https://localhost:${other.port}/`, "tls.other")).error.code, "tls");
  assert.equal(other.requests.length, 0);
  await other.stop();
});

test("a_certificate_of_an_unknown_authority_is_refused", async () => {
  const stranger = await Receiver.start({ tls: new Authority().issue("DNS:localhost", "IP:127.0.0.1") });
  assert.equal((await attemptAt(stranger.url("/"), "tls.stranger")).error.code, "tls");
  assert.equal(stranger.requests.length, 0);
  await stranger.stop();
});

test("a_protocol_older_than_tls_1_2_is_refused", async () => {
  const old = await Receiver.start({ tls: { ...authority.issue("IP:127.0.0.1"), minVersion: "TLSv1", maxVersion: "TLSv1.1",
                                            ciphers: "DEFAULT@SECLEVEL=0" } });
  assert.equal((await attemptAt(old.url("/"), "tls.old")).error.code, "tls");
  await old.stop();
});

test("plain_http_on_the_other_end_is_a_tls_failure", async () => {
  const plain = await Receiver.start();
  assert.equal((await attemptAt(plain.url("/").replace("http:", "https:"), "tls.plain")).error.code, "tls");
  await plain.stop();
});
