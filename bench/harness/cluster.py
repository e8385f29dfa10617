"""One API process and some workers on a fresh database, as one thing to drive."""
import contextlib
import re

from harness.server import Server

ROUND_TRIPS = re.compile(r"^eventrelay_database_round_trips_total(?:\{[^}]*\})? (\S+)$", re.M)


class Cluster:
    def __init__(self, api, workers, database):
        self.api, self.workers, self.database = api, workers, database
        self.port, self.key = api.port, api.key

    def processes(self):
        return [self.api, *self.workers]

    def cpu_s(self):
        return sum(each.cpu_s() for each in self.processes())

    def memory_mb(self):
        return sum(each.memory_mb() for each in self.processes())

    def subscribe(self, *words, **fields):
        return self.api.subscribe(*words, **fields)

    def round_trips(self):
        """Of all processes to the database so far; None where they do not say."""
        found = [count for each in self.processes()
                 for count in ROUND_TRIPS.findall(each.call("GET", "/metrics", raw=True)[1])]
        return sum(float(count) for count in found) if found else None


@contextlib.contextmanager
def cluster(context, postgres, redis, workers=1):
    """Ready, on an empty database and an empty Redis; the database goes with it."""
    options, database = context.options, postgres.create_database()
    redis.flush_all()
    flags = ["--database-url", postgres.url(database), "--redis-url", redis.url()]
    try:
        with contextlib.ExitStack() as stack:
            def start(role):
                server = Server(options.binary, context.new_dir(role), options.loops or 1, flags=["--role", role, *flags])
                return stack.enter_context(server)

            servers = [start("api")] + [start("worker") for _ in range(workers)]
            yield Cluster(servers[0].wait_ready(), [each.wait_ready() for each in servers[1:]], database)
    finally:
        postgres.drop_database(database)
