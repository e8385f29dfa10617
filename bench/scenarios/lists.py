"""Every list, with its filters, and what the overview asks for, with many events stored, in either database."""
import contextlib
import json
import pathlib
import re
import subprocess
import time

from harness.context import Figure, median
from harness.drive import wait_received
from harness.postgres import Postgres
from harness.process import free_port, wait_until
from harness.server import Server

TYPES = 20         # each with a webhook of its own
TENANTS = 50
DEAD_OF_EVENTS = 50  # one event of so many has a webhook that nobody answers for
ROUNDS = 7
ANSWER_MS_MAX = 100
PAINT_MS_MAX = 1000
OVERVIEW = pathlib.Path(__file__).resolve().parent.parent / "harness/overview.mjs"
PAGE = 50


@contextlib.contextmanager
def on_postgres(context):
    with Postgres(context.new_dir("postgres")) as postgres:
        flags = ["--database-url", postgres.url(postgres.create_database())]
        with Server(context.options.binary, context.new_dir("server"), context.options.loops, flags=flags) as server:
            yield server.wait_ready()


def fill(server, receiver, events):
    """So many events of TYPES types and TENANTS tenants, delivered; and the dead ones on top. The webhooks' ids."""
    webhooks = [server.subscribe(receiver.port, [f"list.t{each}"], max_in_flight=64) for each in range(TYPES)]
    dead = server.subscribe(free_port(), ["list.dead"], retry={"max_attempts": 1}, max_in_flight=64)
    before = receiver.received()
    for each in range(TYPES):
        server.post_batches(events // TYPES, f"list.t{each}", payload_bytes=512, tenants=TENANTS)
    server.post_batches(events // DEAD_OF_EVENTS, "list.dead", payload_bytes=512, tenants=TENANTS)
    wait_received(receiver, before + events // TYPES * TYPES, seconds=1800)
    wait_until("the dead ones are dead", lambda: server.call("GET", "/api/metrics?window=1h")["pending"] == 0, 600, step=1)
    return webhooks, dead


def queries(server, webhooks, dead):
    """(name, path) of all that is asked for."""
    lists = [
        ("events", ""), ("events", "type=list.t3"), ("events", "type=list.t3&tenant=tenant-7"), ("events", "tenant=tenant-7"),
        ("events", "status=succeeded"), ("events", "status=dead"), ("events", "q=list.t1"),
        ("deliveries", ""), ("deliveries", "status=succeeded"), ("deliveries", "status=dead"),
        ("deliveries", f"webhook_id={webhooks[4]}"), ("deliveries", f"webhook_id={webhooks[4]}&status=succeeded"),
        ("deliveries", "type=list.t5"), ("deliveries", "tenant=tenant-9"),
        ("dlq", ""), ("dlq", f"webhook_id={dead}"), ("dlq", "type=list.dead"), ("dlq", "tenant=tenant-3"),
        ("webhooks", ""), ("jobs", ""), ("keys", ""), ("users", ""), ("audit", ""),
    ]
    for name, words in lists:
        yield f"{name}?{words}" if words else name, f"/api/{name}?limit={PAGE}" + (f"&{words}" if words else "")
    for name in ("events", "deliveries", "dlq"):
        cursor = server.call("GET", f"/api/{name}?limit=250")["next_cursor"]
        yield f"{name}, second page", f"/api/{name}?limit={PAGE}&cursor={cursor}"
    yield "one event", "/api/events/" + server.call("GET", "/api/events?limit=1")["data"][0]["id"]
    yield "one delivery", "/api/deliveries/" + server.call("GET", "/api/dlq?limit=1")["data"][0]["id"]
    for window in ("15m", "24h", "30d"):
        yield f"metrics of {window}", f"/api/metrics?window={window}"
    yield "metrics of a webhook", f"/api/metrics?window=24h&webhook_id={dead}"
    yield "health of all webhooks", "/api/metrics/webhooks?window=24h"


def times(server, webhooks, dead):
    """By name: the median of ROUNDS, in ms, after one that is not counted."""
    connection, found = server.connect(), {}
    for name, path in queries(server, webhooks, dead):
        taken = []
        for _ in range(ROUNDS + 1):
            began = time.monotonic()
            server.call("GET", path, connection=connection)
            taken.append((time.monotonic() - began) * 1000)
        found[name] = median(taken[1:])
    connection.close()
    return found


def paint_times(server):
    """Of the overview in a browser, in ms: `empty`, `full`, by what its cache has."""
    link = re.search(r"http\S+#token=\S+", (server.data_dir / "bench-server.log").read_text()).group()
    words = ["node", OVERVIEW, f"http://127.0.0.1:{server.port}", link, str(ROUNDS)]
    return json.loads(subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, timeout=300).stdout)


def run(context):
    results, figures = {}, []
    for store, started in (("SQLite", context.server), ("PostgreSQL", lambda: on_postgres(context))):
        with context.receiver() as receiver, started() as server:
            began = time.monotonic()
            webhooks, dead = fill(server, receiver, context.options.listed)
            context.say(f"{store}: {context.options.listed} events stored and delivered in {time.monotonic() - began:.0f} s")
            found, paints = times(server, webhooks, dead), paint_times(server)
        results[store] = {"ms": found, "paint_ms": paints}
        for name, ms in sorted(found.items(), key=lambda each: -each[1]):
            context.say(f"{ms:8.2f} ms  {name}")
        figures += [
            Figure(f"slowest of {len(found)} lists and reports, {store}", max(found.values()), "ms", at_most=ANSWER_MS_MAX,
                   note=max(found, key=found.get)),
            Figure(f"overview painted, empty cache, {store}", median(paints["empty"]), "ms", at_most=PAINT_MS_MAX),
            Figure(f"overview painted, {store}", median(paints["full"]), "ms", at_most=PAINT_MS_MAX),
        ]
    return figures, results
