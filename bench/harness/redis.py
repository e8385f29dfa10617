"""A Redis of the benchmark's own on a free loopback port, nothing on disk."""
import socket

from harness.process import Process, accepts, free_port, wait_until


class Redis(Process):
    def __init__(self, directory):
        directory.mkdir(parents=True)
        self.port = free_port()
        words = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 "--dir", directory]
        super().__init__(words, directory / "log")
        wait_until("Redis listens", lambda: self.check_alive() and accepts(self.port), 10)

    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def flush_all(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            if connection.recv(64) != b"+OK\r\n":
                raise RuntimeError("FLUSHALL failed")
