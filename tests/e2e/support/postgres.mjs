// A PostgreSQL of the test's own: a free loopback port, a temporary directory, the newest server that is installed.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ended, freePort, isAlive, killTree, makeDirectory, removeDirectory, spawnServer, stopTree, unprivileged } from "./children.mjs";
import { until } from "./wait.mjs";

const run = promisify(execFile);
const root = "/usr/lib/postgresql";
const startTries = 3;  // the port was free a moment ago, and may not be any more

/// Where the programs of the highest installed version are.
function programs() {
  const versions = existsSync(root) ? readdirSync(root).filter((name) => existsSync(`${root}/${name}/bin/postgres`)) : [];
  if (versions.length === 0) throw new Error(`no PostgreSQL server in ${root}: ./dev setup`);
  return `${root}/${versions.sort((a, b) => b - a)[0]}/bin`;
}

/// Runs SQL through psql; returns what it prints, columns separated by |.
export async function sql(url, text) {
  const { stdout } = await run("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text]);
  return stdout.trim();
}

let databases = 0;

/// Makes an empty database on the server of that URL; returns the new one's URL.
export async function createDatabase(serverUrl) {
  const name = `e2e_${process.pid}_${++databases}`;
  await sql(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export class Postgres {
  /// fast: no fsync, which a kill of processes cannot tell from the real thing, a power cut could. settings: more of
  /// postgresql.conf. Commits are synchronous always.
  static async start({ fast = false, settings = {} } = {}) {
    const server = new Postgres();
    server.bin = programs();
    server.user = unprivileged();
    server.directory = makeDirectory("postgres", server.user);
    server.data = path.join(server.directory, "data");
    server.logFile = path.join(server.directory, "log");
    server.settings = {
      listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: 400, shared_buffers: "64MB",
      ...(fast ? { fsync: "off", full_page_writes: "off" } : {}), ...settings,
    };
    execFileSync("setpriv", [
      ...(server.user ? [`--reuid=${server.user.uid}`, `--regid=${server.user.gid}`, "--clear-groups"] : []), "--",
      `${server.bin}/initdb`, "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", server.data,
    ], { cwd: server.directory, stdio: "pipe" });
    for (let left = startTries; ; left--) {
      server.port = await freePort();
      try {
        await server.restart();
        return server;
      } catch (error) {
        if (left === 1) throw error;
      }
    }
  }

  url(database = "postgres") {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  createDatabase() {
    return createDatabase(this.url());
  }

  /// Starts it again on its port and data after kill() or stop(); returns once it takes connections.
  async restart() {
    const words = Object.entries(this.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    this.process = spawnServer([`${this.bin}/postgres`, "-D", this.data, "-p", this.port, ...words],
                               { log: this.logFile, cwd: this.directory, user: this.user, deathSignal: "QUIT" });
    await until(() => `PostgreSQL is ready: ${this.log()}`, async () => {
      if (!isAlive(this.process.pid)) throw new Error(`PostgreSQL ended: ${this.log()}`);
      return run(`${this.bin}/pg_isready`, ["-q", "-h", "127.0.0.1", "-p", this.port]).then(() => true, () => false);
    }, 30_000);
  }

  log() {
    return existsSync(this.logFile) ? readFileSync(this.logFile, "utf8").slice(-2_000) : "";
  }

  /// kill -9 of every one of its processes.
  kill() {
    return ended(killTree(this.process.pid));
  }

  /// Its connections stand and its port is open; it does nothing.
  pause() {
    this.stopped = stopTree(this.process.pid);
  }

  resume() {
    for (const pid of this.stopped) process.kill(pid, "SIGCONT");
  }

  /// The orderly end that does not wait for clients.
  async stop() {
    if (!isAlive(this.process.pid)) return;
    process.kill(this.process.pid, "SIGINT");
    await ended([this.process.pid], 30_000);
  }

  async dispose() {
    await this.kill();
    removeDirectory(this.directory);
  }
}
