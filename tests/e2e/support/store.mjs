// Which store the suite runs on: EVENTRELAY_E2E_STORE = sqlite (default), postgres, postgres-redis. A test asks for a
// data directory and gets that, or a database of its own (with a Redis of its own) that stands for it.
import { test } from "node:test";
import { createDatabase, Postgres } from "./postgres.mjs";
import { Redis } from "./redis.mjs";

export const store = process.env.EVENTRELAY_E2E_STORE ?? "sqlite";
if (!["sqlite", "postgres", "postgres-redis"].includes(store)) throw new Error(`EVENTRELAY_E2E_STORE=${store}: no such store`);

// tests/e2e/run.mjs starts one PostgreSQL for all files; a file that is run by itself starts its own.
let shared;
function serverUrl() {
  const given = process.env.EVENTRELAY_E2E_POSTGRES_URL;
  if (given) return given;
  shared ??= Postgres.start({ fast: true });
  return shared.then((server) => server.url());
}

/// By data directory: { databaseUrl, redis }, as promises, so that two that start at once on one share it.
const backends = new Map();

async function makeBackend() {
  const [databaseUrl, redis] = await Promise.all([
    Promise.resolve(serverUrl()).then(createDatabase),
    // Not shared: the keys of two installations on one Redis are the same.
    store === "postgres-redis" ? Redis.start() : undefined,
  ]);
  return { databaseUrl, redis };
}

/// The flags of `serve` that make it keep everything in `dataDir`, or in what stands for that.
export async function storeFlags(dataDir) {
  if (store === "sqlite") return ["--data-dir", dataDir];
  if (!backends.has(dataDir)) backends.set(dataDir, makeBackend());
  const { databaseUrl, redis } = await backends.get(dataDir);
  return ["--database-url", databaseUrl, ...(redis ? ["--redis-url", redis.url] : [])];
}

/// Gives up what stands for `dataDir`. The database itself goes with its server.
export async function dropStore(dataDir) {
  const backend = await backends.get(dataDir);
  backends.delete(dataDir);
  await backend?.redis?.dispose();
}

/// A test of the embedded store's own files; elsewhere it is reported as skipped, with the reason.
export function sqliteOnly(name, why, body) {
  test(name, { skip: store === "sqlite" ? false : `SQLite only: ${why}` }, body);
}
