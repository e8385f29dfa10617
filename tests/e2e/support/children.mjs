// Processes and directories of a test file, and their end: none outlives the file, whether its tests pass, fail or are
// interrupted. Linux only: /proc is read, setpriv (util-linux) ties a child to its parent's life.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "./wait.mjs";

const pids = new Set();
const directories = new Set();

process.on("exit", () => {
  for (const pid of pids) killTree(pid);
  for (const directory of directories) remove(directory);
});
// Without these a signal would end this process before its "exit" handlers ran.
for (const [signal, status] of [["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]]) {
  process.on(signal, () => process.exit(status));
}

/// A directory that goes with this process. owner: { uid, gid } of whom it shall belong to.
export function makeDirectory(name, owner) {
  const directory = mkdtempSync(path.join(tmpdir(), `eventrelay-${name}-`));
  if (owner) chownSync(directory, owner.uid, owner.gid);
  directories.add(directory);
  return directory;
}

export function removeDirectory(directory) {
  remove(directory);
  directories.delete(directory);
}

function remove(directory) {
  // What a killed server's last threads still write may come between listing and removing.
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/// Puts an already spawned child under the care of this file.
export function adopt(child) {
  pids.add(child.pid);
  child.on("exit", () => pids.delete(child.pid));
}

/// A server in the background: output goes to `log`, its signals do not come from this terminal, and it is sent
/// `deathSignal` when this process dies without a chance to clean up. user: { uid, gid } to run as.
export function spawnServer(words, { log, cwd, user, deathSignal = "KILL" }) {
  const output = openSync(log, "a");
  const as = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"] : [];
  const child = spawn("setpriv", [...as, `--pdeathsig=${deathSignal}`, "--", ...words],
                      { cwd, detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  child.on("error", () => {});  // seen by who waits for it to be ready
  child.unref();
  adopt(child);
  return child;
}

/// PostgreSQL refuses to run as root. { uid, gid } of the user `postgres` when this is root, else undefined.
export function unprivileged() {
  if (process.getuid() !== 0) return undefined;
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/// kill -9 of a process and its children, none of which gets to run between the first death and the last.
/// Returns their pids.
export function killTree(pid) {
  const doomed = [pid];
  try {
    process.kill(pid, "SIGSTOP");  // it forks no more
    doomed.push(...readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number));
  } catch {
    // already gone
  }
  for (const each of doomed) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // already gone
    }
  }
  return doomed;
}

/// A process, stopped, and its children: it forks no more.
export function stopTree(pid) {
  process.kill(pid, "SIGSTOP");
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  for (const child of children) process.kill(child, "SIGSTOP");
  return [pid, ...children];
}

/// Whether it runs still: a zombie that nobody has reaped does not.
export function isAlive(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

export function ended(pidList, timeoutMs = 10_000) {
  return until(`the end of ${pidList}`, () => !pidList.some(isAlive), timeoutMs);
}

/// A port of 127.0.0.1 that nobody holds now.
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
