// One HTTP request as a value. Bytes go out as they are given; nothing is followed, decoded or retried.
import http from "node:http";

/// body: string, Buffer or undefined. Returns { status, headers, bytes, text }.
export function request(url, { method = "GET", headers = {}, body, agent, timeoutMs = 30_000 } = {}) {
  return new Promise((resolve, reject) => {
    // For the whole answer: a time without bytes never ends at one that goes on.
    const deadline = setTimeout(() => outgoing.destroy(new Error(`${method} ${url}: no whole answer within ${timeoutMs} ms`)), timeoutMs);
    const outgoing = http.request(url, { method, headers, agent }, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: incoming.statusCode, headers: incoming.headers, bytes, text: bytes.toString() });
      });
    });
    outgoing.on("error", reject);
    outgoing.on("close", () => clearTimeout(deadline));
    outgoing.end(body);
  });
}
