"""POST to receipt at a fixed rate, and the same through the bare proxy: what machine and generator add themselves."""
from harness.context import Figure, median, spread
from harness.generators import run_load
from harness.nginx import Proxy
from harness.process import free_port


def check(result):
    if result["measured"] != result["wanted"] or result["refused"]:
        raise RuntimeError(f"not every event arrived once: {result}")
    return result


def server_round(context):
    options, listen = context.options, free_port()
    with context.server() as server:
        server.subscribe(listen, ["bench.*"], max_in_flight=options.max_in_flight)
        cpu_before = server.cpu_s()
        result = check(run_load(context.load, options.seconds, 2, server_port=server.port, listen=listen, key=server.key,
                                rate=options.rate))
        result["cpu_us"] = (server.cpu_s() - cpu_before) / result["received"] * 1e6
        return result


def floor_round(context):
    listen = free_port()
    with Proxy(context.new_dir("proxy"), listen) as proxy:
        return check(run_load(context.load, context.options.seconds, 1, server_port=proxy.port, listen=listen,
                              rate=context.options.rate))


def run(context):
    floor, relay = [], []
    for number in range(context.options.rounds):
        floor.append(floor_round(context))
        relay.append(server_round(context))
        ms = relay[-1]["receipt_ms"]
        context.say(f"round {number + 1}: p50 {ms['p50']:.2f} p99 {ms['p99']:.2f} p99.9 {ms['p999']:.2f} ms; "
                    f"the generator's lag p99 {relay[-1]['lag_ms']['p99']:.2f} ms")

    def figure(name, rounds, measure, share, **target):
        values = [each[measure][share] for each in rounds]
        return Figure(name, median(values), "ms", note=spread(values), **target)

    rate = f"at {context.options.rate}/s"
    return [
        figure(f"POST to receipt p50 {rate}", relay, "receipt_ms", "p50", at_most=1),
        figure(f"POST to receipt p99 {rate}", relay, "receipt_ms", "p99", at_most=10),
        figure(f"POST to receipt p99.9 {rate}", relay, "receipt_ms", "p999"),
        figure(f"POST to 202 p50 {rate}", relay, "answer_ms", "p50"),
        figure(f"POST to 202 p99 {rate}", relay, "answer_ms", "p99"),
        figure("the generator's lag p99", relay, "lag_ms", "p99"),
        figure("through bare nginx p50", floor, "receipt_ms", "p50"),
        figure("through bare nginx p99", floor, "receipt_ms", "p99"),
        Figure(f"CPU an event {rate}", median([each["cpu_us"] for each in relay]), "us"),
    ], {"nginx": floor, "eventrelay": relay}
