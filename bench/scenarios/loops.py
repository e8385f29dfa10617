"""One event loop against two: the throughput load, interleaved."""
from harness.context import Figure, median, spread
from harness.drive import subscribe_and_drive


def run(context):
    rounds = {1: [], 2: []}
    with context.receiver() as receiver:
        for number in range(context.options.rounds):
            for loops, results in rounds.items():
                results.append(subscribe_and_drive(context, receiver, loops=loops))
            context.say(f"round {number + 1}: one loop {rounds[1][-1]['per_s']:.0f}/s, two {rounds[2][-1]['per_s']:.0f}/s")
    figures = []
    for loops, name in ((1, "one event loop"), (2, "two event loops")):
        rates = [each["per_s"] for each in rounds[loops]]
        figures.append(Figure(name, median(rates), "events/s", note=spread(rates)))
        figures.append(Figure(f"{name}, CPU an event", median([each["cpu_us"] for each in rounds[loops]]), "us"))
    return figures, {str(loops): results for loops, results in rounds.items()}
