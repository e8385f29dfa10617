// Many processes on one PostgreSQL and one Redis, and what can happen to them.
import { after } from "node:test";
import { Postgres } from "./postgres.mjs";
import { Proxy } from "./proxy.mjs";
import { Redis } from "./redis.mjs";
import { Server } from "./server.mjs";
import { holdersOf } from "./sockets.mjs";
import { until } from "./wait.mjs";

// A test that fails leaves its cluster behind: its servers do not go on to load the machine.
const open = new Set();
after(() => Promise.all([...open].map((cluster) => cluster.dispose())));

export class Cluster {
  /// The processes that were not ended: Servers. An index is not a name: the list closes up.
  apis = [];
  workers = [];
  #started = new Set();

  /// proxied: so many of the workers, the first ones, reach PostgreSQL and Redis through proxies of their own, in
  /// `worker.proxies`. flags: for every process. postgres: options of Postgres.start.
  static async start({ apis = 2, workers = 3, redis = true, proxied = 0, flags = [], postgres = {} } = {}) {
    const cluster = new Cluster();
    open.add(cluster);
    cluster.flags = flags;
    [cluster.postgres, cluster.redis] = await Promise.all([Postgres.start(postgres), redis ? Redis.start() : undefined]);
    cluster.databaseUrl = await cluster.postgres.createDatabase();
    // All at once on an empty database, as an orchestrator does it.
    const starts = await Promise.allSettled([
      ...Array.from({ length: apis }, () => cluster.startApi()),
      ...Array.from({ length: workers }, (_, n) => cluster.startWorker({ proxied: n < proxied })),
    ]);
    const failed = starts.find(({ status }) => status === "rejected");
    if (failed) {
      await cluster.dispose();
      throw failed.reason;
    }
    // In the order asked for, not in that of their readiness: the proxied ones come first.
    const servers = starts.map(({ value }) => value);
    cluster.apis = servers.slice(0, apis);
    cluster.workers = servers.slice(apis);
    return cluster;
  }

  startApi() {
    return this.#start("api", this.apis, {});
  }

  async startWorker({ proxied = false } = {}) {
    if (!proxied) return this.#start("worker", this.workers, {});
    const proxies = { postgres: await Proxy.start(this.postgres.port), redis: this.redis && await Proxy.start(this.redis.port) };
    const worker = await this.#start("worker", this.workers, {
      databaseUrl: withPort(this.databaseUrl, proxies.postgres.port),
      redisUrl: proxies.redis && withPort(this.redis.url, proxies.redis.port),
    });
    return Object.assign(worker, { proxies });
  }

  async #start(role, list, urls) {
    const server = await Server.start({
      role, databaseUrl: this.databaseUrl, redisUrl: this.redis?.url, flags: ["--loops", "1", ...this.flags], ...urls,
    });
    this.#started.add(server);
    await until(() => `the ${role} is ready: ${server.log}`, async () => (await readiness(server)).status === 200, 20_000);
    list.push(server);
    return server;
  }

  /// SIGKILL. It is out of the lists before it is dead: nobody is sent to it any more.
  async kill9(server) {
    this.#forget(server);
    await server.kill();
  }

  /// SIGTERM; resolves to { code, signal } at its end.
  stop(server) {
    this.#forget(server);
    return server.stop();
  }

  pause(server) {
    server.process.kill("SIGSTOP");
  }

  resume(server) {
    server.process.kill("SIGCONT");
  }

  /// Which worker sent the latest request to each of the ledger's paths: a Map of path to Server. A path is left out
  /// where nothing came yet or that connection is closed.
  owners(ledger) {
    const holders = holdersOf([...ledger.pages.keys()].map((path) => ledger.senderPort(path)),
                              this.workers.map((worker) => worker.process.pid));
    const owners = new Map();
    for (const path of ledger.pages.keys()) {
      const pid = holders.get(ledger.senderPort(path));
      if (pid) owners.set(path, this.workers.find((worker) => worker.process.pid === pid));
    }
    return owners;
  }

  async dispose() {
    if (!open.delete(this)) return;
    const all = [...this.#started];
    await Promise.all(all.map((server) => server.dispose()));
    await Promise.all(all.flatMap(({ proxies }) => Object.values(proxies ?? {})).map((proxy) => proxy?.stop()));
    await Promise.all([this.postgres?.dispose(), this.redis?.dispose()]);
  }

  #forget(server) {
    for (const list of [this.apis, this.workers]) {
      const index = list.indexOf(server);
      if (index >= 0) list.splice(index, 1);
    }
  }
}

/// GET /readyz of any process.
export function readiness(server) {
  return server.call("GET", "/readyz", undefined, { key: "" });
}

function withPort(text, port) {
  const url = new URL(text);
  url.port = port;
  return url.href;
}
