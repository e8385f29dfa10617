// A reader of GET /api/stream: parses server-sent events (WHATWG HTML, "Server-sent events") as browsers do.
import assert from "node:assert/strict";
import http from "node:http";
import { after } from "node:test";
import { until } from "./wait.mjs";

const open = new Set();
after(() => open.forEach((stream) => stream.close()));

export class Stream {
  /// { id, kind, data } each, in order.
  records = [];
  comments = [];
  lastId = "";
  ended = false;
  #text = "";

  /// Resolves once the answer has begun. headers: of who asks; lastId: Last-Event-ID.
  static async open(server, { headers = { authorization: `Bearer ${server.key}` }, lastId } = {}) {
    const stream = new Stream();
    open.add(stream);
    stream.lastId = lastId ?? "";
    stream.request = http.get(`${server.origin}/api/stream`, {
      agent: false, headers: { ...headers, accept: "text/event-stream", ...(lastId ? { "last-event-id": lastId } : {}) },
    });
    stream.response = await new Promise((resolve, reject) => {
      stream.request.on("response", resolve);
      stream.request.on("error", reject);
    });
    stream.request.on("error", () => {});
    for (const event of ["end", "close", "error"]) stream.response.on(event, () => (stream.ended = true));
    stream.response.setEncoding("utf8").on("data", (text) => stream.#take(text));
    return stream;
  }

  /// The first record that `fits`, once it is there.
  record(what, fits, timeoutMs = 5_000) {
    return until(() => `${what}: ${JSON.stringify(this.records.slice(-5))}`, () => this.records.find(fits), timeoutMs);
  }
  /// The first of a kind with these members.
  of(kind, members = {}, timeoutMs) {
    return this.record(`${kind} ${JSON.stringify(members)}`, (record) => record.kind === kind &&
      Object.entries(members).every(([name, value]) => record.data[name] === value), timeoutMs);
  }

  close() {
    open.delete(this);
    this.request.destroy();
  }

  #take(text) {
    this.#text += text;
    for (let end; (end = this.#text.indexOf("\n\n")) >= 0; this.#text = this.#text.slice(end + 2)) {
      const fields = { event: "message", data: [] };
      for (const line of this.#text.slice(0, end).split("\n")) {
        if (line.startsWith(":")) this.comments.push(line);
        else if (line.startsWith("id: ")) this.lastId = fields.id = line.slice(4);
        else if (line.startsWith("event: ")) fields.event = line.slice(7);
        else if (line.startsWith("data: ")) fields.data.push(line.slice(6));
        else assert.fail(`no field of an event stream: ${line}`);
      }
      if (fields.data.length === 0) continue;
      const data = JSON.parse(fields.data.join("\n"));
      assert.equal(data.id, fields.id);
      assert.equal(new Date(data.at).toISOString(), data.at);
      this.records.push({ id: fields.id, kind: fields.event, data });
    }
  }
}
