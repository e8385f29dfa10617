// A receiver that keeps the books of a run with faults: what came to which webhook, how often, and in which order.
// Its events have the payload { stream, n }, n counting up within the stream.
import { Receiver } from "./receiver.mjs";

export class Ledger {
  /// By path: { requests: every one in its order, byId: Map of webhook-id to its requests }.
  pages = new Map();

  static async start() {
    const ledger = new Ledger();
    ledger.receiver = await Receiver.start();
    return ledger;
  }

  /// The URL of a webhook whose requests are answered 204 after `delayMs`.
  url(path, { delayMs = 2 } = {}) {
    const page = { requests: [], byId: new Map() };
    this.pages.set(path, page);
    return this.receiver.on(path, (response, record) => {
      record.data = JSON.parse(record.body).data;
      record.body = record.headers = record.rawHeaders = undefined;  // a run has a hundred thousand
      page.requests.push(record);
      if (!page.byId.has(record.id)) page.byId.set(record.id, []);
      page.byId.get(record.id).push(record);
      setTimeout(() => response.writeHead(204).end(), delayMs);
    });
  }

  /// Of `events` ({ id, … }) those that did not come to one of their paths. pathsOf(event): where it must come to.
  missing(events, pathsOf) {
    return events.filter((event) => pathsOf(event).some((path) => !this.pages.get(path).byId.has(event.id)));
  }

  /// How many requests there were of events that the same webhook had got before.
  doubles() {
    let count = 0;
    for (const { requests, byId } of this.pages.values()) count += requests.length - byId.size;
    return count;
  }

  /// Events of one stream and number that came under more than one webhook-id: one key made two events.
  keysBroken() {
    const broken = [];
    for (const [path, { byId }] of this.pages) {
      const seen = new Set();
      for (const [{ data }] of byId.values()) {
        const name = `${path} ${data.stream} ${data.n}`;
        if (seen.has(name)) broken.push(name);
        seen.add(name);
      }
    }
    return broken;
  }

  /// What was out of order at an ordered webhook, as sentences. A repeat of the last event is none.
  disorder(path) {
    const faults = [];
    let last;
    for (const request of this.pages.get(path).requests) {
      const { n } = request.data;
      if (last && n < last.data.n) faults.push(`${path}: ${n} after ${last.data.n}`);
      const before = last && this.pages.get(path).byId.get(last.id);
      if (last && n > last.data.n && !before.some((each) => each.answeredAt <= request.at)) {
        faults.push(`${path}: ${n} before ${last.data.n} was answered`);
      }
      if (!last || n > last.data.n) last = request;
    }
    return faults;
  }

  /// The first request to the path at or after `at` (Date.now()), or undefined.
  firstSince(path, at) {
    const { requests } = this.pages.get(path);
    let index = requests.length;
    while (index > 0 && requests[index - 1].at >= at) index--;
    return requests[index];
  }

  /// The longest time without a request to the path between `from` and `to`.
  longestPauseMs(path, from, to) {
    let last = from, longest = 0;
    for (const { at } of this.pages.get(path).requests) {
      if (at < from || at > to) continue;
      longest = Math.max(longest, at - last);
      last = at;
    }
    return Math.max(longest, to - last);
  }

  /// Of the path's latest request the port at the sender's end.
  senderPort(path) {
    return this.pages.get(path).requests.at(-1)?.remotePort;
  }

  stop() {
    return this.receiver.stop();
  }
}
