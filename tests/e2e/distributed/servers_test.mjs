// The servers and the proxy that the other tests here rely on do what those tests think.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";
import { Postgres, sql } from "../support/postgres.mjs";
import { Proxy } from "../support/proxy.mjs";
import { Redis } from "../support/redis.mjs";
import { never, sleep, until } from "../support/wait.mjs";

test("a_killed_postgresql_comes_back_on_its_port_with_what_was_committed", async () => {
  const server = await Postgres.start();
  const url = await server.createDatabase();
  assert.equal(await sql(url, "SHOW fsync"), "on");
  await sql(url, "CREATE TABLE t (x int); INSERT INTO t VALUES (7)");
  const backends = readFileSync(`/proc/${server.process.pid}/task/${server.process.pid}/children`, "utf8").trim().split(" ");
  assert.ok(backends.length >= 4, "its processes are its children");
  await server.kill();
  await assert.rejects(sql(url, "SELECT 1"), /refused/);
  await server.restart();
  assert.equal(await sql(url, "SELECT x FROM t"), "7");
  await server.stop();
  await assert.rejects(sql(url, "SELECT 1"), /refused/);
  await server.restart();
  assert.notEqual(await server.createDatabase(), url);
  await server.dispose();
});

test("a_redis_comes_back_on_its_port_and_is_empty", async () => {
  const server = await Redis.start();
  await server.command("SET", "a", "1");
  await server.flushAll();
  assert.equal(await server.command("DBSIZE"), "0");
  for (const end of ["stop", "kill"]) {
    await server.command("SET", "a", "1");
    await server[end]();
    await assert.rejects(server.command("PING"));
    await server.restart();
    assert.equal(await server.command("DBSIZE"), "0");
  }
  await server.dispose();
});

/// A server that sends back what it gets, and a client of it through a proxy.
async function echo() {
  const peers = new Set();
  const server = net.createServer((socket) => {
    peers.add(socket.on("error", () => {}));
    socket.pipe(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await Proxy.start(server.address().port);
  const connect = () => {
    const client = { got: "", closed: false, socket: net.connect(proxy.port, "127.0.0.1") };
    client.socket.on("error", (error) => (client.error = error.code)).on("close", () => (client.closed = true));
    client.socket.on("data", (data) => (client.got += data));
    return client;
  };
  const stop = async () => {
    await proxy.stop();
    peers.forEach((peer) => peer.destroy());
    server.close();
  };
  return { proxy, connect, stop };
}

test("a_held_proxy_passes_nothing_and_ends_nothing_and_then_passes_all_of_it_once", async () => {
  const { proxy, connect, stop } = await echo();
  const early = connect();
  early.socket.write("a");
  await until("an echo", () => early.got === "a");
  proxy.hold();
  early.socket.write("b");
  const late = connect();
  late.socket.write("c");
  await never("anything comes through", () => early.got !== "a" || late.got !== "" || early.closed || late.closed, 300);
  proxy.pass();
  proxy.pass();
  await until("what was held", () => early.got === "ab" && late.got === "c");
  await sleep(50);
  assert.deepEqual([early.got, late.got], ["ab", "c"]);
  early.socket.end();
  await until("an end goes through", () => early.closed);
  await stop();
});

test("a_cut_proxy_resets_what_is_open_and_what_comes", async () => {
  const { proxy, connect, stop } = await echo();
  const open = connect();
  open.socket.write("a");
  await until("an echo", () => open.got === "a");
  proxy.hold();
  proxy.cut();
  await until("the reset", () => open.closed);
  assert.equal(open.error, "ECONNRESET");
  const next = connect();
  await until("the next is refused", () => next.closed);
  assert.equal(proxy.connections, 0);
  proxy.pass();
  const after = connect();
  after.socket.write("d");
  await until("an echo again", () => after.got === "d");
  after.socket.destroy();
  await stop();
});

test("a_connection_dropped_while_it_shuts_down_lets_its_process_end", async () => {
  const script = `
    import net from "node:net";
    import { drop } from ${JSON.stringify(new URL("../support/proxy.mjs", import.meta.url))};
    const server = net.createServer({ allowHalfOpen: true }, (other) => other.on("error", () => {}).on("end", () => other.destroy()));
    server.listen(0, "127.0.0.1", () => {
      const socket = net.connect({ port: server.address().port, allowHalfOpen: true }, () => {
        socket.end();
        process.nextTick(() => drop(socket));
      });
      socket.on("close", () => server.close());
    });`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 10_000, killSignal: "SIGKILL" });
});
