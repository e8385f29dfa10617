"""Resident memory idle and with a backlog, and the first delivery after `kill -9` and a start with that backlog.

The backlog is filled for a disabled webhook, whose deliveries wait; then the webhook is enabled with a receiver that
accepts and never answers, which fills its window as well; that is what the process is killed with.
"""
import time

from harness.context import Figure, median
from harness.listeners import Listener
from harness.process import wait_until


def idle_memory(context):
    with context.server() as server:
        time.sleep(1)
        return server.memory_mb()


def most_memory(server, seconds):
    """Sampled: VmHWM would count what the fill took."""
    most, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        most = max(most, server.memory_mb())
        time.sleep(0.1)
    return most


def fill(context, directory):
    """Leaves `directory` with the backlog, its process killed. Returns the figures and the receiver's port."""
    with Listener() as hanging, context.server(data_dir=directory) as server:
        webhook = server.subscribe(hanging.port, ["bench.*"], enabled=False)
        began = time.monotonic()
        server.post_batches(context.options.pending)
        took = time.monotonic() - began
        context.say(f"{context.options.pending} events in batches of 1,000: {took:.1f} s")
        waiting = most_memory(server, 3)
        server.call("PATCH", f"/api/webhooks/{webhook}", {"enabled": True})
        wait_until("the window is filled", lambda: hanging.accepted > 0, 30)
        full = most_memory(server, 5)
        peak = server.memory_mb("VmHWM")
        server.kill()
        return hanging.port, {"fill_per_s": context.options.pending / took, "waiting_mb": waiting, "full_mb": full,
                              "peak_mb": peak}


def restart(context, directory, port):
    """Seconds from exec to the first byte at the receiver, and the memory a little later."""
    with Listener(port) as receiver, context.server(data_dir=directory) as server:
        wait_until("the first delivery", lambda: server.check_alive() and receiver.first_at, 120)
        first = receiver.first_at - server.started_at
        memory = most_memory(server, 2)
        server.kill()
        return {"first_s": first, "memory_mb": memory}


def run(context):
    idle = [idle_memory(context) for _ in range(3)]
    directory = context.new_dir("backlog")
    port, backlog = fill(context, directory)
    context.say(f"memory: idle {median(idle):.1f} MB, waiting {backlog['waiting_mb']:.1f} MB, full {backlog['full_mb']:.1f} MB")
    restarts = [restart(context, directory, port) for _ in range(3)]
    pending = f"{context.options.pending:,} pending"
    return [
        Figure("memory, idle", median(idle), "MB", at_most=30),
        Figure(f"memory, {pending}, webhook disabled", backlog["waiting_mb"], "MB", at_most=150),
        Figure(f"memory, {pending}, receiver hangs", backlog["full_mb"], "MB", at_most=150),
        Figure("memory, most while filling", backlog["peak_mb"], "MB"),
        Figure("ingest in batches of 1,000", backlog["fill_per_s"], "events/s"),
        Figure(f"kill -9 to first delivery, {pending}", median([each["first_s"] for each in restarts]), "s", at_most=2),
        Figure("memory after that restart", median([each["memory_mb"] for each in restarts]), "MB"),
    ], {"idle_mb": idle, "backlog": backlog, "restarts": restarts}
