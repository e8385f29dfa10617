// The real binary on a free port with a store of its own: support/store.mjs says which kind.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import http from "node:http";
import { after } from "node:test";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { adopt, makeDirectory, removeDirectory } from "./children.mjs";
import { checkAnswer } from "./conformance.mjs";
import { request } from "./http.mjs";
import { dropStore, storeFlags } from "./store.mjs";
import { until } from "./wait.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
export const binary = process.env.EVENTRELAY_BIN ?? path.join(root, "build/dev/bin/eventrelay");
export const adminKey = "e2e-admin-key-0123456789";

// A test that fails leaves its server behind: none outlives the file.
const running = new Set();
after(() => running.forEach((child) => child.kill("SIGKILL")));

export function makeDataDir() {
  return makeDirectory("e2e");
}

export class Server {
  log = "";

  /// flags: added to `serve`. env: added to a clean environment. privateTargets: lets deliveries go to loopback.
  /// dataDir: of an earlier server, whose store this one takes up. databaseUrl, redisUrl: that store, whatever the
  /// suite's is. role: api or worker.
  static async start({ dataDir, databaseUrl, redisUrl, role, listen = "127.0.0.1:0", flags = [], env = {},
                       privateTargets = true, key = adminKey } = {}) {
    const server = new Server();
    server.ownsDataDir = !dataDir;
    server.dataDir = dataDir ?? makeDataDir();
    server.key = key;
    server.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    const all = ["serve", "--listen", listen, ...(role ? ["--role", role] : [])];
    if (databaseUrl) all.push("--database-url", databaseUrl, ...(redisUrl ? ["--redis-url", redisUrl] : []));
    else all.push(...await storeFlags(server.dataDir));
    all.push(...flags, ...(privateTargets ? ["--allow-private-targets"] : []));
    server.process = spawn(binary, all, {
      cwd: server.dataDir,  // whatever it writes where it stands goes with the test
      env: { PATH: process.env.PATH, ...(key ? { EVENTRELAY_API_KEY: key } : {}), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    adopt(server.process);
    running.add(server.process);
    server.exit = new Promise((resolve) => {
      server.process.on("error", (error) => resolve({ code: null, signal: error.message }));
      server.process.on("exit", (code, signal) => resolve({ code, signal }));
    });
    server.exit.then((exit) => {
      server.exited = exit;
      running.delete(server.process);
    });
    for (const stream of [server.process.stdout, server.process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (server.log = (server.log + text).slice(-200_000)));
    }
    const match = await until(() => `the server listens: ${JSON.stringify(server.exited)} ${server.log}`, () => {
      if (server.exited) throw new Error(`the server ended: ${JSON.stringify(server.exited)}\n${server.log}`);
      return /listening on (\S+:(\d+))/.exec(server.log);
    }, 20_000);
    server.origin = `http://127.0.0.1:${match[2]}`;
    return server;
  }

  /// One request, its answer held to api/openapi.yaml. body: a string or Buffer goes out as it is, anything else as JSON.
  async call(method, path, body, { headers = {}, key = this.key, check = true } = {}) {
    const raw = typeof body === "string" || Buffer.isBuffer(body);
    const answer = await request(this.origin + path, {
      method,
      agent: this.agent,
      body: body === undefined || raw ? body : JSON.stringify(body),
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
    if (check) checkAnswer(method, path, answer);
    if (/json/.test(answer.headers["content-type"] ?? "")) answer.json = JSON.parse(answer.text);
    return answer;
  }

  /// The same, for calls that must succeed: the answer's JSON.
  async ok(method, path, body, options) {
    const answer = await this.call(method, path, body, options);
    assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path} -> ${answer.status} ${answer.text}`);
    return answer.json;
  }

  /// Subscribes `url`; quick retries unless the test says otherwise.
  webhook(url, spec = {}) {
    return this.ok("POST", "/api/webhooks", { url, event_types: ["*"], retry: { schedule_ms: [20, 20, 20] }, ...spec });
  }

  /// payload: any value. extra: other members of the envelope.
  event(type = "order.created", payload = {}, extra = {}, options) {
    return this.ok("POST", "/api/events", { type, payload, ...extra }, options);
  }

  /// The event's delivery to that webhook (or its only one), once it is in `status`.
  async delivery(eventId, status, webhookId, timeoutMs = 10_000) {
    let last;
    return until(() => `${eventId} ${status}: ${JSON.stringify(last)}`, async () => {
      const query = `event_id=${eventId}${webhookId ? `&webhook_id=${webhookId}` : ""}`;
      last = (await this.ok("GET", `/api/deliveries?${query}`)).data;
      return last.length > 0 && last[0].status === status ? this.ok("GET", `/api/deliveries/${last[0].id}`) : undefined;
    }, timeoutMs);
  }

  /// The job's answer, once it has ended.
  job(id, timeoutMs = 10_000) {
    return until(`job ${id} ends`, async () => {
      const job = await this.ok("GET", `/api/jobs/${id}`);
      return ["done", "failed", "cancelled"].includes(job.state) ? job : undefined;
    }, timeoutMs);
  }

  /// SIGTERM; resolves to { code, signal } once the process has ended.
  stop() {
    return this.#end("SIGTERM");
  }

  kill() {
    return this.#end("SIGKILL");
  }

  /// Ends it, hard, and removes its store.
  async dispose() {
    await this.kill();
    if (!this.ownsDataDir) return;
    await dropStore(this.dataDir);
    removeDirectory(this.dataDir);
  }

  async #end(signal) {
    if (!this.exited) this.process.kill(signal);
    const exit = await this.exit;
    this.agent.destroy();
    return exit;
  }
}
