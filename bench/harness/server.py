"""The server under test and the few calls of its API that the scenarios need."""
import concurrent.futures
import http.client
import json
import os
import threading

from harness.process import Process, free_port, wait_until

KEY = "bench-admin-key-0123456789"


class Server(Process):
    """`eventrelay serve` on a free port; the data directory is the caller's and is kept. flags: where else the store is;
    the directory then has the log alone."""

    def __init__(self, binary, data_dir, loops=None, port=None, flags=None):
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.port = port or free_port()
        self.key = KEY
        words = [binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--allow-private-targets"]
        words += flags or ["--data-dir", data_dir]
        words += ["--loops", loops] if loops else []
        super().__init__(words, data_dir / "bench-server.log", env={**os.environ, "EVENTRELAY_API_KEY": KEY})

    def wait_ready(self, seconds=60):
        wait_until("the server is ready", lambda: self.check_alive() and self._is_ready(), seconds, step=0.005)
        return self

    def _is_ready(self):
        try:
            return self.call("GET", "/readyz", raw=True)[0] == 200
        except OSError:
            return False

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def call(self, method, path, body=None, raw=False, connection=None):
        """One request. Returns the answer's JSON, or (status, text) where `raw`; anything but 2xx is an error else."""
        own = connection or self.connect()
        try:
            text = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
            own.request(method, path, text, {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
            answer = own.getresponse()
            data = answer.read()
        finally:
            if own is not connection:
                own.close()
        if raw:
            return answer.status, data.decode()
        if answer.status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:500]}")
        return json.loads(data) if data else None

    def subscribe(self, port, event_types=("*",), path="/s/0", **fields):
        """A webhook at 127.0.0.1:port; its id."""
        body = {"url": f"http://127.0.0.1:{port}{path}", "event_types": list(event_types), **fields}
        return self.call("POST", "/api/webhooks", body)["id"]

    def post_batches(self, events, event_type="bench.s0", size=1000, payload_bytes=1024, connections=4,
                     tenants=0):
        """`events` events in batches of `size`, as fast as they are taken; 503 is waited out. Evenly of so many tenants."""
        item = {"type": event_type, "payload": {"pad": "x" * (payload_bytes - len('{"pad":""}'))}}
        items = [item | ({"tenant": f"tenant-{each % tenants}"} if tenants else {}) for each in range(size)]
        sizes = [size] * (events // size) + ([events % size] if events % size else [])
        bodies = {count: json.dumps(items[:count]).encode() for count in set(sizes)}
        connected = threading.local()

        def post(count):
            if not hasattr(connected, "to"):
                connected.to = self.connect()

            def taken():
                status, text = self.call("POST", "/api/events/batch", bodies[count], raw=True, connection=connected.to)
                if status not in (202, 503):
                    raise RuntimeError(f"batch: {status} {text[:500]}")
                return status == 202

            wait_until("a batch is taken", taken, 300, step=0.05)

        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            list(pool.map(post, sizes))
