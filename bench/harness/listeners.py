"""Small receivers in the harness itself, for where speed does not matter."""
import collections
import http.server
import socket
import threading
import time


class Listener:
    """Accepts on 127.0.0.1:port, never answers. first_at: when the first byte of a delivery came (monotonic), or None."""

    def __init__(self, port=0):
        self.first_at = None
        self.accepted = 0
        self.connections = []
        self.socket = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.open = True
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        self.thread.join()
        for each in [self.socket, *self.connections]:
            each.close()

    def _accept(self):
        while self.open:
            try:
                connection, _ = self.socket.accept()
            except TimeoutError:
                continue
            self.connections.append(connection)
            self.accepted += 1
            if self.first_at is None:
                connection.settimeout(10)
                if connection.recv(1):
                    self.first_at = time.monotonic()


class Recorder:
    """Answers 200. arrivals: by path, when its requests came (monotonic)."""

    def __init__(self):
        self.arrivals = collections.defaultdict(list)
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                recorder.arrivals[self.path].append(time.monotonic())
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_):
                pass  # a killed sender's connections

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def all_came(self, paths, within_s):
        """Whether each of the paths had a request in the last seconds."""
        since = time.monotonic() - within_s
        return all(self.arrivals[path] and self.arrivals[path][-1] >= since for path in paths)

    def pause_end(self, path, since, longer_than):
        """When the path's first pause of more than so many seconds ended that began after `since`; None without one."""
        times = [at for at in self.arrivals[path] if at >= since]
        return next((later for earlier, later in zip(times, times[1:]) if later - earlier > longer_than), None)
