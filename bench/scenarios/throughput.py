"""Ingest and delivery a second beside a bare nginx reverse proxy under the same load, and CPU an event."""
from harness.context import Figure, median, spread
from harness.drive import drive, subscribe_and_drive
from harness.nginx import Proxy


def run(context):
    floor, relay = [], []
    with context.receiver() as receiver, Proxy(context.new_dir("proxy"), receiver.port) as proxy:
        drive(proxy, proxy.port, receiver, "none", context.options, seconds=1)
        for number in range(context.options.rounds):
            floor.append(drive(proxy, proxy.port, receiver, "none", context.options))
            relay.append(subscribe_and_drive(context, receiver))
            context.say(f"round {number + 1}: nginx {floor[-1]['per_s']:.0f}/s, eventrelay {relay[-1]['per_s']:.0f}/s, "
                        f"{relay[-1]['cpu_us']:.1f} us CPU an event, {relay[-1]['backlog_at_end']} undelivered at the end")
    ratios = [mine["per_s"] / theirs["per_s"] for mine, theirs in zip(relay, floor)]
    rates = [each["per_s"] for each in relay]
    return [
        Figure("ingest + delivery", median(rates), "events/s", note=spread(rates)),
        Figure("bare nginx reverse proxy", median([each["per_s"] for each in floor]), "events/s",
               note=spread([each["per_s"] for each in floor])),
        Figure("ratio to nginx", median(ratios), "", at_least=0.4, note=spread(ratios)),
        Figure("CPU an event", median([each["cpu_us"] for each in relay]), "us"),
        Figure("CPU an event, nginx", median([each["cpu_us"] for each in floor]), "us"),
        Figure("memory after the load", median([each["memory_mb"] for each in relay]), "MB"),
    ], {"nginx": floor, "eventrelay": relay}
