// A subscriber: an HTTP or HTTPS server on loopback that records what it gets and answers as a test says.
import http from "node:http";
import https from "node:https";
import { after } from "node:test";
import { until } from "./wait.mjs";

// A test that fails leaves its receiver behind: none keeps the file from ending.
const open = new Set();
after(() => Promise.all([...open].map((receiver) => receiver.stop())));

export class Receiver {
  /// Every request: { path, method, headers, rawHeaders, body, at, id, remotePort, status, answeredAt }; the last two
  /// once it was answered.
  requests = [];
  #handlers = new Map();
  #sockets = new Set();

  /// tls: { key, cert } makes it an HTTPS server.
  static async start({ tls, port = 0 } = {}) {
    const receiver = new Receiver();
    const listener = (request, response) => receiver.#take(request, response);
    receiver.server = tls ? https.createServer(tls, listener) : http.createServer(listener);
    receiver.server.keepAliveTimeout = 60_000;
    receiver.server.on("connection", (socket) => {
      receiver.#sockets.add(socket);
      socket.on("close", () => receiver.#sockets.delete(socket));
    });
    await new Promise((resolve) => receiver.server.listen(port, "127.0.0.1", resolve));
    open.add(receiver);
    receiver.port = receiver.server.address().port;
    receiver.origin = `${tls ? "https" : "http"}://127.0.0.1:${receiver.port}`;
    return receiver;
  }

  url(path = "/hook") {
    return this.origin + path;
  }

  /// handler(response, record, n): n counts that path's requests from 0. Without one the answer is 204.
  on(path, handler) {
    this.#handlers.set(path, { handler, count: 0 });
    return this.url(path);
  }

  /// Answers of a path in turn, the last one again and again: numbers are statuses.
  answers(path, ...list) {
    return this.on(path, (response, record, n) => {
      const answer = list[Math.min(n, list.length - 1)];
      if (typeof answer === "function") return answer(response, record, n);
      response.writeHead(answer).end();
    });
  }

  at(path) {
    return this.requests.filter((request) => request.path === path);
  }

  /// The path's requests, once there are at least `count`.
  async received(path, count, timeoutMs) {
    await until(() => `${count} requests at ${path}, there are ${this.at(path).length}`,
                () => this.at(path).length >= count, timeoutMs);
    return this.at(path);
  }

  dropConnections() {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop() {
    if (!open.delete(this)) return;
    this.dropConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(request, response) {
    const chunks = [];
    request.on("error", () => {});
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const record = {
        path: request.url, method: request.method, headers: request.headers, rawHeaders: request.rawHeaders,
        body: Buffer.concat(chunks).toString(), at: Date.now(), id: request.headers["webhook-id"],
        remotePort: request.socket.remotePort,
      };
      response.on("error", () => {});
      response.on("finish", () => Object.assign(record, { answeredAt: Date.now(), status: response.statusCode }));
      this.requests.push(record);
      const entry = this.#handlers.get(request.url);
      if (!entry) response.writeHead(204).end();
      else entry.handler(response, record, entry.count++);
    });
  }
}
