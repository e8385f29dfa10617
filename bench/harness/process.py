"""Children, ports and what /proc says about them. Every child is stopped by its pid, whatever ends the run."""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def free_port():
    """A port of 127.0.0.1 that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, ready, seconds, step=0.01):
    """Polls `ready` until it returns something true, and returns that; TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := ready():
            return value
        time.sleep(step)
    raise TimeoutError(f"{what}: not after {seconds} s")


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent():
    # Even a killed harness leaves no server behind.
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One child in a session of its own, so that Ctrl-C reaches it through stop() alone."""

    def __init__(self, words, log, env=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.started_at = time.monotonic()
            self.child = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=output,
                                          stderr=output, env=env, start_new_session=True, preexec_fn=_die_with_parent)
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def check_alive(self):
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.child.args[0]} ended with {self.child.returncode}:\n{self.tail()}")
        return True

    def tail(self):
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self, seconds=40):
        """SIGTERM, then SIGKILL for what has not ended in time."""
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()

    def kill(self):
        self.child.kill()
        self.child.wait()

    def cpu_s(self):
        """User and system time so far of all its threads, and of its children's (nginx's workers)."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        total = 0
        for pid in [self.pid, *children]:
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except FileNotFoundError:  # a session of PostgreSQL that has just ended
                continue
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory_mb(self, field="VmRSS"):
        """VmRSS now, VmHWM the most there was, RssAnon without mapped files; MB of 10^6 bytes."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024 / 1e6
        raise KeyError(field)

    def files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))
