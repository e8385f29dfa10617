// Waits that end: for a condition, looked at every few milliseconds, up to a deadline.
import { setTimeout as sleep } from "node:timers/promises";

/// Returns the first truthy value of `condition` (may be async); throws after `timeoutMs`, saying `what` was awaited.
export async function until(what, condition, timeoutMs = 10_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${await textOf(what)}`);
    await sleep(5);
  }
}

async function textOf(what) {
  return typeof what === "function" ? await what() : what;
}

/// Watches for `ms` that `condition` never holds. For what must not happen, where there is no event to wait for.
export async function never(what, condition, ms) {
  const deadline = Date.now() + ms;
  while (Date.now() < deadline) {
    if (await condition()) throw new Error(`happened: ${what}`);
    await sleep(10);
  }
}

export { sleep };
