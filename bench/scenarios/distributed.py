"""An API process and a worker on PostgreSQL and Redis beside the embedded mode: throughput, what the database does for an
event, latency, and how soon another worker takes over from a killed one."""
import threading
import time

from harness.cluster import cluster
from harness.context import Figure, median, spread
from harness.drive import drive, subscribe_and_drive
from harness.generators import run_load
from harness.listeners import Recorder
from harness.postgres import Postgres
from harness.process import free_port, wait_until
from harness.redis import Redis

SENDERS = (64, 256)
LATENCY_RATE = 500
TAKEOVER_WEBHOOKS = 32
TAKEOVER_BATCH_S = 0.1  # each webhook gets an event so often
JOIN_S = 15             # until shares are even
PAUSED_S = 0.5          # a webhook that waited longer at the kill was the killed worker's


def throughput_round(context, postgres, redis, receiver, senders, counted=False):
    """One round; where `counted` also what the database did for an event of it, in `per_event`."""
    with cluster(context, postgres, redis) as relay:
        relay.subscribe(receiver.port, ["bench.*"], max_in_flight=context.options.max_in_flight)

        def load(seconds):
            return drive(relay, relay.port, receiver, relay.key, context.options, seconds, connections=senders)

        load(1)
        before = (postgres.counts(relay.database), relay.round_trips()) if counted else None
        cpu = [each.cpu_s() for each in (relay.api, *relay.workers, postgres, redis)]
        result = load(context.options.seconds)
        names = ("api", "worker", "postgres", "redis")
        result["cpu_us_of"] = {name: (each.cpu_s() - begun) / result["delivered"] * 1e6 for name, each, begun in
                               zip(names, (relay.api, *relay.workers, postgres, redis), cpu)}
        if counted:
            counts, trips = postgres.counts(relay.database), relay.round_trips()
            result["per_event"] = {name: (counts[name] - before[0][name]) / result["delivered"] for name in counts}
            if trips is not None:
                result["per_event"]["round_trips"] = (trips - before[1]) / result["delivered"]
        return result


def latency_round(context, postgres, redis):
    listen = free_port()
    with cluster(context, postgres, redis) as relay:
        relay.subscribe(listen, ["bench.*"], max_in_flight=context.options.max_in_flight)
        result = run_load(context.load, context.options.seconds, 2, server_port=relay.port, listen=listen, key=relay.key,
                          rate=LATENCY_RATE)
    if result["measured"] != result["wanted"] or result["refused"]:
        raise RuntimeError(f"not every event arrived once: {result}")
    return result


class Feeder(threading.Thread):
    """An event for each of the webhooks every TAKEOVER_BATCH_S, until stop()."""

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api, self.going, self.error = api, True, None
        self.start()

    def run(self):
        items = [{"type": f"bench.s{number}", "payload": {}} for number in range(TAKEOVER_WEBHOOKS)]
        try:
            while self.going:
                self.api.call("POST", "/api/events/batch", items)
                time.sleep(TAKEOVER_BATCH_S)
        except (OSError, RuntimeError) as error:
            self.error = error

    def stop(self):
        self.going = False
        self.join()
        if self.error:
            raise self.error


def takeover_round(context, postgres, redis):
    """Seconds from the kill of one of two workers to the delivery to the last of the webhooks that it had."""
    with Recorder() as receiver, cluster(context, postgres, redis, workers=2) as relay:
        paths = [f"/s/{number}" for number in range(TAKEOVER_WEBHOOKS)]
        for number, path in enumerate(paths):
            relay.subscribe(receiver.port, [f"bench.s{number}"], path)
        feeder = Feeder(relay.api)
        time.sleep(JOIN_S)
        wait_until("every webhook is delivered to", lambda: receiver.all_came(paths, PAUSED_S), 10)
        killed_at = time.monotonic()
        relay.workers.pop(0).kill()
        time.sleep(2 * PAUSED_S)
        wait_until("every webhook goes on", lambda: feeder.error or receiver.all_came(paths, PAUSED_S), 60)
        feeder.stop()
        ends = [receiver.pause_end(path, killed_at - PAUSED_S, PAUSED_S) for path in paths]
    waits = [end - killed_at for end in ends if end]
    if not waits:
        raise RuntimeError("the killed worker owned no webhook")
    return {"last_s": max(waits), "first_s": min(waits), "webhooks": len(waits)}


def run(context):
    embedded, rates, counted, latencies, takeovers = [], {senders: [] for senders in SENDERS}, {}, [], []
    options = context.options
    with Postgres(context.new_dir("postgres")) as postgres, Redis(context.new_dir("redis")) as redis:
        with context.receiver() as receiver:
            for number in range(options.rounds):
                embedded.append(subscribe_and_drive(context, receiver))
                for senders in SENDERS:
                    rates[senders].append(throughput_round(context, postgres, redis, receiver, senders))
                context.say(f"round {number + 1}: embedded {embedded[-1]['per_s']:.0f}/s, distributed " + ", ".join(
                    f"{senders} senders {rates[senders][-1]['per_s']:.0f}/s" for senders in SENDERS))
            postgres.count_statements(True)
            for senders in SENDERS:
                counted[senders] = throughput_round(context, postgres, redis, receiver, senders, counted=True)
                context.say(f"{senders} senders, for an event: {counted[senders]['per_event']}")
            postgres.count_statements(False)
        for number in range(options.rounds):
            latencies.append(latency_round(context, postgres, redis))
            ms = latencies[-1]["receipt_ms"]
            context.say(f"latency round {number + 1}: p50 {ms['p50']:.2f} p99 {ms['p99']:.2f} ms")
        for _ in range(min(options.rounds, 3)):
            takeovers.append(takeover_round(context, postgres, redis))
            context.say(f"takeover: {takeovers[-1]}")
    return figures(embedded, rates, counted, latencies, takeovers), {
        "embedded": embedded, "distributed": rates, "counted": counted, "latency": latencies, "takeover": takeovers}


def figures(embedded, rates, counted, latencies, takeovers):
    few, many = SENDERS
    ratios = [mine["per_s"] / theirs["per_s"] for mine, theirs in zip(rates[few], embedded)]
    rows = [Figure("embedded, 64 senders", median([each["per_s"] for each in embedded]), "events/s",
                   note=spread([each["per_s"] for each in embedded]))]
    for senders, least in ((few, None), (many, 12_000)):
        per_s = [each["per_s"] for each in rates[senders]]
        rows.append(Figure(f"distributed, {senders} senders", median(per_s), "events/s", at_least=least, note=spread(per_s)))
    rows.append(Figure(f"ratio to embedded, {few} senders", median(ratios), "", at_least=0.35, note=spread(ratios)))
    for senders in SENDERS:
        for name in ("api", "worker", "postgres", "redis"):
            rows.append(Figure(f"CPU an event, {senders} senders, {name}",
                               median([each["cpu_us_of"][name] for each in rates[senders]]), "us"))
        for name, value in sorted(counted[senders]["per_event"].items()):
            rows.append(Figure(f"{name.replace('_', ' ')} an event, {senders} senders", value, ""))
    for share in ("p50", "p99"):
        values = [each["receipt_ms"][share] for each in latencies]
        rows.append(Figure(f"POST to receipt {share} at {LATENCY_RATE}/s", median(values), "ms", note=spread(values)))
    last = [each["last_s"] for each in takeovers]
    rows.append(Figure("takeover from a killed worker, last webhook", median(last), "s", at_most=10, note=spread(last)))
    return rows
