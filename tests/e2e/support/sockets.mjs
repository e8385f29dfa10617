// Which process is at the other end of a loopback connection, from /proc.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/// Inodes of the TCP sockets by their local port on 127.0.0.1. A port may serve many connections: only clients' are here.
function inodesByPort() {
  const inodes = new Map();
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
    const [, local, , , , , , , , inode] = line.trim().split(/\s+/);
    if (inode && inode !== "0") inodes.set(parseInt(local.split(":")[1], 16), inode);
  }
  return inodes;
}

function socketsOf(pid) {
  const sockets = new Set();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      if (inode) sockets.add(inode);
    } catch {
      // closed meanwhile
    }
  }
  return sockets;
}

/// ports: numbers of connected clients' ports. Returns a Map of port to the one of `pids` that has it open.
export function holdersOf(ports, pids) {
  const inodes = inodesByPort();
  const open = pids.map((pid) => [pid, socketsOf(pid)]);
  const holders = new Map();
  for (const port of ports) {
    const holder = open.find(([, sockets]) => sockets.has(inodes.get(port)));
    if (holder) holders.set(port, holder[0]);
  }
  return holders;
}
