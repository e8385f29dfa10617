// Posts events from many connections at once and remembers which were acknowledged.
import http from "node:http";
import { request } from "./http.mjs";

export class Load {
  /// Ids of acknowledged events, in the order of their acknowledgement.
  acknowledged = [];
  refused = 0;
  #stopping = false;

  /// Runs until stop(). `gapMs`: pause of each connection between two events.
  constructor(server, { connections = 16, gapMs = 0, type = "load.event" } = {}) {
    this.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    this.workers = Array.from({ length: connections }, (_, worker) => this.#work(server, worker, gapMs, type));
  }

  /// Lets requests under way end. Safe to call again.
  async stop() {
    this.#stopping = true;
    await Promise.all(this.workers);
    this.agent.destroy();
  }

  async #work(server, worker, gapMs, type) {
    for (let n = 0; !this.#stopping; n++) {
      try {
        const answer = await request(`${server.origin}/api/events`, {
          method: "POST", agent: this.agent, body: JSON.stringify({ type, payload: { worker, n } }),
          headers: { authorization: `Bearer ${server.key}`, "content-type": "application/json" },
        });
        if (answer.status === 202) this.acknowledged.push(JSON.parse(answer.text).id);
        else this.refused++;
      } catch {
        return;  // the server is gone: what was under way is not acknowledged
      }
      if (gapMs) await new Promise((resolve) => setTimeout(resolve, gapMs));
    }
  }
}
