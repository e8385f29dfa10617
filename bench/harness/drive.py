"""One throughput round: wrk against a port, and the receipts counted to the last."""
import time

from harness.generators import run_wrk

DRAIN_S = 180   # for what was accepted and not delivered yet when the generator stopped
QUIET_S = 0.3   # no receipt for so long, and all accepted ones there: it was the last


def wait_received(receiver, wanted, seconds=DRAIN_S):
    """Returns (receipts, time of the last one) once `wanted` have come and no more do."""
    deadline = time.monotonic() + seconds
    count, changed_at = receiver.received(), time.monotonic()
    while time.monotonic() < deadline:
        now_count, now = receiver.received(), time.monotonic()
        if now_count != count:
            count, changed_at = now_count, now
        elif count >= wanted and now - changed_at > QUIET_S:
            return count, changed_at
        time.sleep(0.002)
    raise TimeoutError(f"{count} of {wanted} deliveries after {seconds} s")


def drive(process, port, receiver, key, options, seconds=None, connections=None):
    """POSTs to `port` for some seconds. `process` is what stands between generator and receiver."""
    before, cpu_before, begun_at = receiver.received(), process.cpu_s(), time.monotonic()
    posted = run_wrk(port, key, seconds or options.seconds, connections or options.connections)
    at_end = receiver.received() - before
    total, last_at = wait_received(receiver, before + posted["completed"])
    delivered = total - before
    if posted["failed"]:
        raise RuntimeError(f"{posted['failed']} of {posted['completed']} requests failed")
    return {**posted, "delivered": delivered, "per_s": delivered / (last_at - begun_at),
            "cpu_us": (process.cpu_s() - cpu_before) / delivered * 1e6,
            "backlog_at_end": posted["completed"] - at_end, "memory_mb": process.memory_mb()}


def subscribe_and_drive(context, receiver, loops=None, server=None):
    """A round on `server`, or on a fresh one with an empty store."""
    if server is None:
        with context.server(loops) as fresh:
            fresh.subscribe(receiver.port, ["bench.*"], max_in_flight=context.options.max_in_flight)
            return subscribe_and_drive(context, receiver, server=fresh)
    drive(server, server.port, receiver, server.key, context.options, seconds=1)
    return drive(server, server.port, receiver, server.key, context.options)
