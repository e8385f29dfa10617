// The server at the level of bytes: what a careless or hostile client may send.
import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { Server } from "./support/server.mjs";
import { sleep } from "./support/wait.mjs";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server?.dispose());

/// Writes the pieces with `gapMs` between them; resolves to all that came back once the server closed, or after `forMs`.
function exchange(pieces, { forMs = 5_000, gapMs = 0, done = () => false } = {}) {
  return new Promise((resolve) => {
    const socket = net.connect(Number(new URL(server.origin).port), "127.0.0.1");
    const result = { text: "", closed: false, ms: 0 };
    const begun = Date.now();
    const finish = (closed) => {
      clearTimeout(timer);
      Object.assign(result, { closed, ms: Date.now() - begun });
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(false), forMs);
    socket.on("error", () => {});
    socket.on("close", () => finish(true));
    socket.on("data", (chunk) => {
      result.text += chunk;
      if (done(result.text)) finish(false);
    });
    socket.on("connect", async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        socket.write(piece);
        if (gapMs) await sleep(gapMs);
      }
    });
  });
}

const body = '{"type":"raw.t","payload":1}';
const post = (...lines) => ["POST /api/events HTTP/1.1", "host: x", `x-api-key: ${server.key}`,
                            "content-type: application/json", ...lines, "", ""].join("\r\n");
const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));

test("two_lengths_or_a_length_beside_a_transfer_encoding_close_the_connection", async () => {
  const requests = [
    post("content-length: 28", "content-length: 28") + body,
    post("content-length: 28, 28") + body,
    post("content-length: 28", "transfer-encoding: chunked") + `1c\r\n${body}\r\n0\r\n\r\n`,
    post("transfer-encoding: gzip, chunked") + `1c\r\n${body}\r\n0\r\n\r\n`,
    post("transfer-encoding: identity", "content-length: 28") + body,
    post("content-length: +28") + body,
  ];
  for (const request of requests) {
    const { text, closed } = await exchange([request]);
    assert.ok([400, 501].includes(statuses(text)[0]), `${request.slice(100, 180)} -> ${text.slice(0, 80)}`);
    assert.ok(closed, "the connection is closed");
    assert.equal(statuses(text).length, 1);
  }
});

test("pipelined_requests_are_answered_in_their_order", async () => {
  const get = (path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
  const { text } = await exchange([get("/healthz") + get("/api/events") + get("/healthz")],
                                  { done: (all) => statuses(all).length === 3, forMs: 3_000 });
  assert.deepEqual(statuses(text), [200, 401, 200]);
});

test("a_chunked_body_is_taken", async () => {
  const { text } = await exchange([post("transfer-encoding: chunked") + `1c\r\n${body}\r\n0\r\n\r\n`],
                                  { done: (all) => all.includes('"deliveries"') });
  assert.deepEqual(statuses(text), [202]);
});

test("expect_100_continue_is_answered", async () => {
  const { text } = await exchange([post("content-length: 28", "expect: 100-continue"), body],
                                  { gapMs: 50, done: (all) => all.includes('"deliveries"') });
  assert.deepEqual(statuses(text), [100, 202]);
});

test("a_body_announced_too_large_is_refused_without_being_read", async () => {
  const { text, ms } = await exchange([post("content-length: 999999999")], { done: (all) => statuses(all).length > 0 });
  assert.deepEqual(statuses(text), [413]);
  assert.ok(ms < 2_000);
});

test("a_strangers_body_is_not_waited_for", async () => {
  const stranger = post("content-length: 200000").replace(server.key, "x".repeat(20));
  const { text, ms, closed } = await exchange([stranger]);
  assert.deepEqual(statuses(text), [401]);
  assert.ok(closed && ms < 4_000);
});

test("headers_past_their_limit_are_refused", async () => {
  const { text, closed } = await exchange([post(`x-long: ${"h".repeat(64 * 1024)}`)]);
  assert.ok(closed);
  assert.ok(text === "" || [400, 431].includes(statuses(text)[0]), text.slice(0, 80));
});

test("a_client_that_sends_a_byte_a_second_is_cut_off", async () => {
  const slow = [...post("content-length: 28")].slice(0, 40);
  const { closed, ms } = await exchange(slow, { gapMs: 1_000, forMs: 20_000 });
  assert.ok(closed, "the connection is closed");
  assert.ok(ms < 15_000, `held for ${ms} ms`);
});

test("garbage_is_answered_400_or_closed_and_the_server_lives", async () => {
  for (const bytes of ["\x00\x01\x02\x03\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET / HTTP/9.9\r\n\r\n"]) {
    const { text } = await exchange([Buffer.from(bytes, "latin1")], { forMs: 12_000, done: (all) => all.includes("\r\n\r\n") });
    assert.ok(text === "" || statuses(text)[0] >= 400, text.slice(0, 60));
  }
  assert.equal((await server.call("GET", "/healthz")).status, 200);
});
