#!/usr/bin/env python3
"""Gives the SQLite store of a stopped server thirty days that it has not seen, in the counts that its charts show:
history.py FILE. For pictures: what is counted from now on goes on top."""
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


def latency(count, slow):
    """Pairs of bucket and count, eight buckets to a doubling of milliseconds."""
    counts = {}
    for _ in range(min(count, 200)):
        ms = max(1.0, random.lognormvariate(3.6 + slow, 0.62))
        counts[int(8 * math.log2(ms)) + 1] = counts.get(int(8 * math.log2(ms)) + 1, 0) + 1
    scale = max(1, count // 200)
    return b"".join(struct.pack("<BI", bucket, n * scale) for bucket, n in sorted(counts.items()))


def row(span, minute, webhook, deliveries, failing, slow):
    failed = min(deliveries, round(deliveries * failing * random.uniform(0.6, 1.4)))
    dead = round(failed * 0.08)
    events = 0 if webhook else round(deliveries / 1.7)
    store.execute(
        "INSERT OR IGNORE INTO rollups VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (span, minute, organization, webhook, events, 0 if webhook else round(events * 0.02), deliveries,
         deliveries + failed, deliveries - dead, failed, failed - dead, dead, 0, latency(deliveries - dead, slow)))


def at(minute):
    """Deliveries a minute, share of failures, slowness: people sleep, and there was a bad hour."""
    day = math.sin((minute % DAY) / DAY * 2 * math.pi - 1.9)
    bad = 1 if 95 < now - minute < 125 or 9 * DAY < now - minute < 9 * DAY + 400 else 0
    return (6_000 + 2_400 * day) * random.uniform(0.85, 1.15), 0.012 + 0.16 * bad, 0.9 * bad


for ago in range(1, DAY):
    rate, failing, slow = at(now - ago)
    row(1, now - ago, 0, round(rate), failing, slow)
    for index, webhook in enumerate(webhooks):
        row(1, now - ago, webhook, round(rate / (2 + index)), failing + FAILING.get(index, 0), slow)
for ago in range(1, 30 * 24):
    minute = now // 60 * 60 - ago * 60
    rate, failing, slow = at(minute)
    row(60, minute, 0, round(rate * 60), failing, slow)
    for index, webhook in enumerate(webhooks):
        row(60, minute, webhook, round(rate * 60 / (2 + index)), failing + (FAILING.get(index, 0) if ago < 20 else 0), slow)
store.commit()
