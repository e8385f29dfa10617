// A Redis of the test's own on a free loopback port. It keeps nothing on disk: stopped and started again, it is empty.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ended, freePort, isAlive, killTree, makeDirectory, removeDirectory, spawnServer } from "./children.mjs";
import { until } from "./wait.mjs";

const run = promisify(execFile);
const startTries = 3;

export class Redis {
  /// settings: more of redis.conf.
  static async start({ settings = {} } = {}) {
    const server = new Redis();
    server.settings = settings;
    server.directory = makeDirectory("redis");
    server.logFile = path.join(server.directory, "log");
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

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  /// Starts it again on its port after kill() or stop(); returns once it answers.
  async restart() {
    const settings = { port: this.port, bind: "127.0.0.1", save: "", appendonly: "no", dir: this.directory, ...this.settings };
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    this.process = spawnServer(["redis-server", ...words], { log: this.logFile, cwd: this.directory });
    await until(() => `Redis is ready: ${readFileSync(this.logFile, "utf8").slice(-2_000)}`, async () => {
      if (!isAlive(this.process.pid)) throw new Error(`Redis ended: ${readFileSync(this.logFile, "utf8").slice(-2_000)}`);
      return this.command("PING").then((answer) => answer === "PONG", () => false);
    });
  }

  /// One command through redis-cli; what it prints.
  async command(...words) {
    const { stdout } = await run("redis-cli", ["-h", "127.0.0.1", "-p", this.port, ...words]);
    return stdout.trim();
  }

  flushAll() {
    return this.command("FLUSHALL");
  }

  kill() {
    return ended(killTree(this.process.pid));
  }

  async stop() {
    if (!isAlive(this.process.pid)) return;
    process.kill(this.process.pid, "SIGTERM");
    await ended([this.process.pid]);
  }

  async dispose() {
    await this.kill();
    removeDirectory(this.directory);
  }
}
