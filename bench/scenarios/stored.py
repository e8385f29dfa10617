"""Throughput with millions of deliveries already stored against an empty store, interleaved."""
import time

from harness.context import Figure, median
from harness.drive import subscribe_and_drive, wait_received
from harness.process import wait_until


def settle(server):
    """Until a second passes without work: checkpoints end after the last delivery."""
    used = [server.cpu_s()]

    def is_quiet():
        used.append(server.cpu_s())
        return used[-1] - used[-2] < 0.05

    time.sleep(1)
    wait_until("the server is quiet", is_quiet, 120, step=1)


def run(context):
    options, empty, full = context.options, [], []
    with context.receiver() as receiver, context.server() as server:
        server.subscribe(receiver.port, ["bench.*"], max_in_flight=options.max_in_flight)
        began = time.monotonic()
        server.post_batches(options.stored)
        context.say(f"{options.stored} events taken in {time.monotonic() - began:.0f} s")
        wait_received(receiver, options.stored, seconds=1800)
        settle(server)
        seeded_s = time.monotonic() - began
        store_gb = sum(path.stat().st_size for path in server.data_dir.iterdir()) / 1e9
        context.say(f"{options.stored} delivered and stored in {seeded_s:.0f} s, {store_gb:.1f} GB")
        for number in range(options.rounds):
            empty.append(subscribe_and_drive(context, receiver))
            full.append(subscribe_and_drive(context, receiver, server=server))
            context.say(f"round {number + 1}: empty {empty[-1]['per_s']:.0f}/s, full {full[-1]['per_s']:.0f}/s")
    return [
        Figure("empty store", median([each["per_s"] for each in empty]), "events/s"),
        Figure(f"{options.stored:,} deliveries stored", median([each["per_s"] for each in full]), "events/s"),
        Figure("stored against empty", median([b["per_s"] / a["per_s"] for a, b in zip(empty, full)]), "", at_least=0.8),
        Figure("store's size", store_gb, "GB"),
    ], {"empty": empty, "full": full, "seeded_s": seeded_s}
