"""What a scenario gets: its options, a directory of its own on the real disk, and a place to say what it does."""
import contextlib
import itertools
import pathlib
import shutil
import statistics
import sys
import tempfile

from harness.nginx import Receiver
from harness.server import Server


class Context:
    def __init__(self, options, load):
        self.options = options
        self.load = load
        pathlib.Path(options.work_dir).mkdir(parents=True, exist_ok=True)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="eventrelay-bench-", dir=options.work_dir)).resolve()
        self.root.chmod(0o711)  # PostgreSQL runs as another user
        self.numbers = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def say(self, text):
        print(f"  {text}", file=sys.stderr, flush=True)

    def new_dir(self, name):
        return self.root / f"{next(self.numbers)}-{name}"

    @contextlib.contextmanager
    def receiver(self, port=None):
        with Receiver(self.new_dir("receiver"), port) as receiver:
            yield receiver

    @contextlib.contextmanager
    def server(self, loops=None, data_dir=None):
        """A ready server; its data directory goes with it unless the caller named one."""
        directory = data_dir or self.new_dir("data")
        try:
            with Server(self.options.binary, directory, loops or self.options.loops) as server:
                yield server.wait_ready()
        finally:
            if data_dir is None:
                shutil.rmtree(directory, ignore_errors=True)


def median(values):
    return statistics.median(values)


def spread(values):
    """The lowest and the highest, for the reader to judge the noise by."""
    return f"{min(values):.4g} .. {max(values):.4g}"


class Figure:
    """One line of the table. target: a bound that `value` must keep, `at_least` or `at_most`, or None."""

    def __init__(self, name, value, unit, at_least=None, at_most=None, note=""):
        self.name, self.value, self.unit, self.note = name, value, unit, note
        self.at_least, self.at_most = at_least, at_most

    def target(self):
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    def met(self):
        """True, False, or None without a target."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.value <= self.at_most if self.at_most is not None else None
