"""100 webhooks with an event type each, events spread evenly over them: what 1 and 64 that accept and never answer do
to the others. Measured are the same 36 webhooks in every case."""
from harness.context import Figure, median, spread
from harness.generators import run_load
from harness.process import free_port
from scenarios.latency import check

WEBHOOKS = 100
CASES = (0, 1, 64)


def one_round(context, hanging):
    listen, hang_listen = free_port(), free_port()
    with context.server() as server:
        for number in range(WEBHOOKS):
            port = hang_listen if number < hanging else listen
            server.subscribe(port, [f"bench.s{number}"], path=f"/s/{number}")
        result = check(run_load(context.load, context.options.hanging_seconds, 3, server_port=server.port, listen=listen,
                                hang_listen=hang_listen, key=server.key, rate=context.options.rate, streams=WEBHOOKS,
                                measure_from=max(CASES)))
        result["files"] = server.files()
        return result


def run(context):
    rounds = {hanging: [] for hanging in CASES}
    for number in range(context.options.rounds):
        for hanging, results in rounds.items():
            results.append(one_round(context, hanging))
        context.say(f"round {number + 1}, others' p99: " + ", ".join(
            f"{results[-1]['receipt_ms']['p99']:.2f} ms with {hanging}" for hanging, results in rounds.items()))
    p99 = {hanging: [each["receipt_ms"]["p99"] for each in results] for hanging, results in rounds.items()}
    figures = [Figure(f"others' p99, {hanging} of 100 hang", median(p99[hanging]), "ms", note=spread(p99[hanging]))
               for hanging in CASES]
    figures += [Figure(f"{hanging} hanging against none", median(p99[hanging]) / median(p99[0]), "", at_most=1.5)
                for hanging in CASES[1:]]
    return figures, {str(hanging): results for hanging, results in rounds.items()}
