#!/usr/bin/env python3
"""Gives the SQLite store of a stopped server thirty days that it has not seen, in the counts that its charts show:
history.py FILE. For pictures: what is counted from now on goes on top."""
import collections
import math
import random
import sqlite3
import struct
import sys
import time

random.seed(7)
DAY = 24 * 60
# How much more often the webhooks of these places fail, the oldest being the first, today.
FAILING = {2: 0.21, 4: 0.46}
store = sqlite3.connect(sys.argv[1])
organization = store.execute("SELECT min(id) FROM organizations").fetchone()[0]
webhooks = [row[0] for row in store.execute("SELECT id FROM webhooks ORDER BY id")]
now = int(time.time() // 60)


def latencies(count, slow):
    """Of so many: {bucket: count}, eight buckets to a doubling of milliseconds."""
    counts = collections.Counter()
    for _ in range(min(count, 200)):
        ms = max(1.0, random.lognormvariate(3.6 + slow, 0.62))
        counts[int(8 * math.log2(ms)) + 1] += max(1, count // 200)
    return counts


def add(span, minute, webhook, deliveries, failing, slow):
    """Counts it for the webhook and for the organization."""
    failed = min(deliveries, round(deliveries * failing * random.uniform(0.6, 1.4)))
    dead = round(failed * 0.08)
    events = round(deliveries / 1.7)
    latency = latencies(deliveries - dead, slow)
    of_events = [events, round(events * 0.02)]
    of_deliveries = [deliveries, deliveries - dead + failed, deliveries - dead, failed, failed - dead, dead, 0]
    # What is over by the minute is part of its hour.
    for at_span in {span, 60}:
        for whose, counts in (webhook, [0, 0] + of_deliveries), (0, of_events + of_deliveries):
            sum_, buckets = rollups[at_span, minute // at_span * at_span, whose]
            for at, count in enumerate(counts):
                sum_[at] += count
            buckets.update(latency)


def rate_at(minute):
    """Deliveries a minute, share of failures, slowness: people sleep, and there was a bad hour."""
    day = math.sin((minute % DAY) / DAY * 2 * math.pi - 1.9)
    bad = 1 if 95 < now - minute < 125 or 9 * DAY < now - minute < 9 * DAY + 400 else 0
    return (6_000 + 2_400 * day) * random.uniform(0.85, 1.15), 0.012 + 0.16 * bad, 0.9 * bad


def add_all(span, minute):
    rate, failing, slow = rate_at(minute)
    shares = [1 / (1 + index) ** 2 for index in range(len(webhooks))]
    for index, webhook in enumerate(webhooks):
        more = FAILING.get(index, 0) if now - minute < DAY else 0
        add(span, minute, webhook, round(rate * span * shares[index] / sum(shares)), failing + more, slow)


rollups = collections.defaultdict(lambda: ([0] * 9, collections.Counter()))
first = (now - DAY) // 60 * 60
for minute in range(first, now):
    add_all(1, minute)
for minute in range(first - 29 * DAY, first, 60):
    add_all(60, minute)
for (span, minute, webhook), (counts, buckets) in rollups.items():
    latency = b"".join(struct.pack("<BI", *pair) for pair in sorted(buckets.items()))
    store.execute("INSERT OR REPLACE INTO rollups VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                  (span, minute, organization, webhook, *counts, latency))
store.commit()
