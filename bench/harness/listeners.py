"""Small receivers in the harness itself, for where speed does not matter."""
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
