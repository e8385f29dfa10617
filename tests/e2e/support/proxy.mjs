// A TCP proxy on loopback: the network between one process and a server it uses, to be held up or cut by a test.
import net from "node:net";
import { after } from "node:test";

// A test that fails leaves its proxy behind: none keeps the file from ending.
const open = new Set();
after(() => Promise.all([...open].map((proxy) => proxy.stop())));

/// Ends a connection at once, by a reset where that can be. While it shuts down Node 20 cannot: it says EINVAL, keeps the
/// handle, and waits for it for ever when the process is to end.
export function drop(socket) {
  if (socket.connecting || socket.pending || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export class Proxy {
  #state = "pass";
  #pairs = new Set();

  /// Connections to `proxy.port` go to 127.0.0.1:targetPort.
  static async start(targetPort) {
    const proxy = new Proxy();
    proxy.targetPort = targetPort;
    proxy.server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => proxy.#take(client));
    await new Promise((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    proxy.port = proxy.server.address().port;
    open.add(proxy);
    return proxy;
  }

  /// Lets everything through, what was held included.
  pass() {
    if (this.#state === "pass") return;  // pipes laid twice would send everything twice
    this.#state = "pass";
    for (const pair of this.#pairs) this.#join(pair);
  }

  /// Nothing goes through and nothing ends: both sides see a peer that is silent. New connections are taken and hang.
  hold() {
    this.#state = "hold";
    for (const { client, server } of this.#pairs) {
      for (const [from, to] of [[client, server], [server, client]]) {
        from.unpipe(to);
        from.pause();
      }
    }
  }

  /// Ends every connection by a reset, new ones as soon as they come, until pass().
  cut() {
    this.#state = "cut";
    for (const pair of this.#pairs) this.#end(pair);
  }

  /// How many connections there are.
  get connections() {
    return this.#pairs.size;
  }

  async stop() {
    if (!open.delete(this)) return;
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(client) {
    if (this.#state === "cut") return client.on("error", () => {}).resetAndDestroy();
    const server = new net.Socket({ allowHalfOpen: true });
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.#end(pair));
      socket.on("close", () => this.#end(pair));
    }
    if (this.#state === "pass") this.#join(pair);
  }

  #join({ client, server }) {
    // A connection that came while held reaches the server only now.
    if (server.pending && !server.connecting) server.connect(this.targetPort, "127.0.0.1");
    client.pipe(server);
    server.pipe(client);
  }

  #end(pair) {
    if (!this.#pairs.delete(pair)) return;
    drop(pair.client);
    drop(pair.server);
  }
}
