"""One event to 100 webhooks: deliveries a second from a burst, and latencies at ten events a second."""
import time

from harness.context import Figure, median, spread
from harness.drive import wait_received
from harness.generators import run_load
from harness.process import free_port
from scenarios.latency import check

WEBHOOKS = 100
RATE = 10


def burst(context):
    """Deliveries a second from the first POST to the last receipt."""
    events = context.options.fan_out_events
    with context.receiver() as receiver, context.server() as server:
        for number in range(WEBHOOKS):
            server.subscribe(receiver.port, ["bench.s0"], path=f"/s/{number}")
        cpu_before, began = server.cpu_s(), time.monotonic()
        server.post_batches(events, size=100)
        total, last_at = wait_received(receiver, events * WEBHOOKS)
        return {"delivered": total, "per_s": total / (last_at - began),
                "cpu_us": (server.cpu_s() - cpu_before) / total * 1e6}


def paced(context):
    listen = free_port()
    with context.server() as server:
        for number in range(WEBHOOKS):
            server.subscribe(listen, ["bench.s0"], path=f"/s/{number}")
        return check(run_load(context.load, context.options.seconds, 2, server_port=server.port, listen=listen,
                              key=server.key, rate=RATE, fan_out=WEBHOOKS))


def run(context):
    bursts, latencies = [], []
    for number in range(context.options.rounds):
        bursts.append(burst(context))
        latencies.append(paced(context))
        context.say(f"round {number + 1}: {bursts[-1]['per_s']:.0f} deliveries/s, "
                    f"p50 {latencies[-1]['receipt_ms']['p50']:.2f} p99 {latencies[-1]['receipt_ms']['p99']:.2f} ms")
    rates = [each["per_s"] for each in bursts]
    return [
        Figure("fan-out 1 to 100, burst", median(rates), "deliveries/s", note=spread(rates)),
        Figure("fan-out, CPU a delivery", median([each["cpu_us"] for each in bursts]), "us"),
        Figure("fan-out at 10 events/s, p50", median([each["receipt_ms"]["p50"] for each in latencies]), "ms"),
        Figure("fan-out at 10 events/s, p99", median([each["receipt_ms"]["p99"] for each in latencies]), "ms"),
    ], {"bursts": bursts, "paced": latencies}
