// A cluster under load: webhooks with and without order, events for all of them, and the judgement at the end.
import assert from "node:assert/strict";
import { Cluster } from "./cluster.mjs";
import { request } from "./http.mjs";
import { Ledger } from "./ledger.mjs";
import { holdersOf } from "./sockets.mjs";
import { SteadyLoad } from "./steady_load.mjs";
import { sleep, until } from "./wait.mjs";

const plainWebhooks = 12, orderedWebhooks = 4;
const plainInFlight = 4, allInFlight = 16;
const plainPerSecond = 120, orderedPerSecond = 20;  // of all plain ones; of each ordered one
/// The longest time between two events of one webhook while all goes well.
export const gapMs = 1_000 * plainWebhooks / plainPerSecond;

// A request that a process had sent before its end arrives within this time.
const stillOnItsWayMs = 100;
const retry = { max_attempts: 50, initial_ms: 50, multiplier: 1 };

/// Runs body(fleet) on a cluster under load; then the load ends and everything that was acknowledged must have arrived.
/// The body returns the most doubles there may be, 0 where it returns nothing.
export async function underLoad(t, options, body) {
  const fleet = new Fleet(t);
  try {
    await fleet.start(options);
    await fleet.settle(await body(fleet) ?? 0);
  } finally {
    await fleet.dispose();
  }
}

class Fleet {
  /// By path: how many attempts its webhook may have in flight.
  #inFlight = new Map();
  #loads = [];
  #probes = 0;

  constructor(t) {
    this.t = t;
  }

  async start(options) {
    this.cluster = await Cluster.start(options);
    this.ledger = await Ledger.start();
    for (let n = 0; n < plainWebhooks; n++) await this.#webhook(`/plain/${n}`, [`plain.n${n}`], { max_in_flight: plainInFlight });
    for (let n = 0; n < orderedWebhooks; n++) await this.#webhook(`/ordered/${n}`, [`ordered.n${n}`], { ordered: true });
    await this.#webhook("/all", ["*"], { max_in_flight: allInFlight });
    const targets = () => this.cluster.apis;
    this.#loads.push(new SteadyLoad(targets, {
      stream: "plain", type: (n) => `plain.n${n % plainWebhooks}`, perSecond: plainPerSecond, senders: 16 }));
    for (let n = 0; n < orderedWebhooks; n++) {
      this.#loads.push(new SteadyLoad(targets, {
        stream: `ordered-${n}`, type: () => `ordered.n${n}`, perSecond: orderedPerSecond, senders: 1 }));
    }
    await this.deliveredSince(Date.now(), this.paths, 20_000);
    await sleep(1_000);
  }

  get paths() {
    return [...this.ledger.pages.keys()];
  }

  get acknowledged() {
    return this.#loads.flatMap((load) => load.acknowledged);
  }

  async #webhook(path, types, { ordered = false, max_in_flight = 1 }) {
    this.#inFlight.set(path, max_in_flight);
    await this.cluster.apis[0].webhook(this.ledger.url(path), {
      event_types: types, retry, ...(ordered ? { ordered } : { max_in_flight }) });
  }

  #pathsOf({ type }) {
    return [`/${type.replace(".n", "/")}`, "/all"];
  }

  /// What the workers may have in flight together: at their webhooks, and at those whose owner cannot be told.
  inFlightMax(...workers) {
    const owners = this.cluster.owners(this.ledger);
    const theirs = this.paths.filter((path) => !owners.has(path) || workers.includes(owners.get(path)));
    return theirs.reduce((sum, path) => sum + this.#inFlight.get(path), 0);
  }

  /// The paths of the webhooks that this worker is known to own.
  ownedBy(worker) {
    return [...this.cluster.owners(this.ledger)].filter(([, owner]) => owner === worker).map(([path]) => path);
  }

  /// Waits until each of the paths got a request that was sent after `at`; how long that took for the last one, in ms.
  async deliveredSince(at, paths, timeoutMs) {
    const first = (path) => this.ledger.firstSince(path, at + stillOnItsWayMs)?.at;
    await until(() => `deliveries to ${paths.filter((path) => !first(path))}`, () => paths.every(first), timeoutMs);
    return Math.max(0, ...paths.map((path) => first(path) - at));
  }

  /// Of the requests since `at` how many this worker sent over connections that it still has, and when the last one.
  sentBy(worker, at) {
    const requests = [...this.ledger.pages.values()].flatMap((page) => page.requests.filter((each) => each.at >= at));
    const ports = holdersOf(new Set(requests.map((each) => each.remotePort)), [worker.process.pid]);
    const own = requests.filter((each) => ports.has(each.remotePort));
    return { count: own.length, lastAt: Math.max(0, ...own.map((each) => each.at)) };
  }

  /// One event that the books do not count, and how long its answer took: { status, headers, ms }; status 0 for none.
  async post(api) {
    const begun = Date.now();
    const answer = await request(`${api.origin}/api/events`, {
      method: "POST", body: JSON.stringify({ type: "probe", payload: { stream: `probe ${++this.#probes}`, n: 0 } }),
      headers: { authorization: `Bearer ${api.key}`, "content-type": "application/json", "idempotency-key": `probe-${begun}-${api.origin}` },
    }).catch((error) => ({ status: 0, text: error.message, headers: {} }));
    return { ...answer, ms: Date.now() - begun };
  }

  async stopLoad() {
    await Promise.all(this.#loads.map((load) => load.stop()));
  }

  async settle(doublesMax) {
    await this.stopLoad();
    const { acknowledged, ledger } = this;
    assert.ok(acknowledged.length > 500, `${acknowledged.length} acknowledged: enough load to mean something`);
    const missing = () => ledger.missing(acknowledged, (event) => this.#pathsOf(event));
    await until(() => `everything of ${acknowledged.length} arrives; missing: ${JSON.stringify(missing().slice(0, 5))} and ` +
                      `${missing().length} in all`, () => missing().length === 0, 60_000);
    await until("nothing is pending", async () => (await this.cluster.apis[0].ok("GET", "/api/metrics")).pending === 0, 30_000);
    await sleep(500);  // for a double that comes late
    const refused = this.#loads.flatMap((load) => [...load.refused]).reduce(
      (sums, [status, count]) => ({ ...sums, [status]: (sums[status] ?? 0) + count }), {});
    this.t.diagnostic(`${acknowledged.length} acknowledged, refused ${JSON.stringify(refused)}, ` +
                      `${ledger.doubles()} doubles of at most ${doublesMax}`);
    assert.deepEqual(ledger.keysBroken(), [], "one key makes one event");
    assert.deepEqual(this.paths.filter((path) => path.startsWith("/ordered")).flatMap((path) => ledger.disorder(path)), []);
    assert.ok(ledger.doubles() <= doublesMax, `${ledger.doubles()} doubles, at most ${doublesMax} were in flight`);
  }

  async dispose() {
    await Promise.all(this.#loads.map((load) => load.stop(0).catch(() => {})));
    await this.cluster?.dispose();
    await this.ledger?.stop();
  }
}
