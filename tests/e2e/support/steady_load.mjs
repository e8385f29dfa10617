// Events at a bounded rate to whichever API processes there are, each under a key of its own until it is acknowledged.
import http from "node:http";
import { request } from "./http.mjs";
import { sleep } from "./wait.mjs";

export class SteadyLoad {
  /// { id, stream, n, type } of each acknowledged event, in the order of acknowledgement.
  acknowledged = [];
  /// Answers other than 202 by status; "none" where the connection failed.
  refused = new Map();
  #stopping = false;
  #next = 0;

  /// targets(): the API processes to send to, in turn. type(n): the event's. senders: each has one request under way at
  /// most; with one, an event is answered before the next is sent. What was not acknowledged is sent again, to the next
  /// process, with the same key. Runs until stop().
  constructor(targets, { stream, type, perSecond = 100, senders = 8 }) {
    Object.assign(this, { targets, stream, type });
    this.agent = new http.Agent({ keepAlive: true, maxSockets: senders });
    const gapMs = (senders * 1_000) / perSecond;
    this.senders = Array.from({ length: senders }, (_, sender) => this.#send(gapMs, (gapMs * sender) / senders));
    for (const sender of this.senders) sender.catch(() => {});  // stop() throws it
  }

  /// Ends once each event under way is acknowledged, or `timeoutMs` later. Safe to call again.
  async stop(timeoutMs = 20_000) {
    this.#stopping = true;
    setTimeout(() => (this.givenUp = true), timeoutMs).unref();
    await Promise.all(this.senders);
    this.agent.destroy();
  }

  async #send(gapMs, firstMs) {
    let due = Date.now() + firstMs;
    for (;;) {
      await sleep(Math.max(0, due - Date.now()));
      if (this.#stopping) return;
      await this.#untilAcknowledged(this.#next++);
      due = Math.max(due + gapMs, Date.now());  // an outage is not caught up on
    }
  }

  async #untilAcknowledged(n) {
    const body = JSON.stringify({ type: this.type(n), payload: { stream: this.stream, n } });
    for (let attempt = 0; !this.givenUp; attempt++) {
      const targets = this.targets();
      const target = targets[(n + attempt) % targets.length];
      const answer = await this.#post(target, body, `${this.stream}-${n}`);
      if (answer?.status === 202) {
        this.acknowledged.push({ id: JSON.parse(answer.text).id, stream: this.stream, n, type: this.type(n) });
        return;
      }
      const status = answer?.status ?? "none";
      this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
      if (status >= 400 && status < 500) throw new Error(`an event was refused: ${status} ${answer.text}`);
      await sleep(20);
    }
  }

  #post(target, body, key) {
    if (!target) return undefined;
    return request(`${target.origin}/api/events`, {
      method: "POST", agent: this.agent, body, timeoutMs: 5_000,
      headers: { authorization: `Bearer ${target.key}`, "content-type": "application/json", "idempotency-key": key },
    }).catch(() => undefined);
  }
}
