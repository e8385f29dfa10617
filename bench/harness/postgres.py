"""A PostgreSQL of the benchmark's own on a free loopback port: defaults, but for the memory that any operator would give.

Commits are synchronous and synced. What it says about itself: statements, commits, bytes of its log."""
import itertools
import os
import pathlib
import pwd
import signal
import subprocess
import time

from harness.process import Process, free_port, wait_until

VERSIONS = pathlib.Path("/usr/lib/postgresql")
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "listen_addresses": "127.0.0.1",
            "unix_socket_directories": ""}
STATEMENTS = "pg_stat_statements"
STATS_DELAY_S = 2  # a session reports what it did at most a second later


def programs():
    """The directory of the newest installed server's programs."""
    found = [path for path in VERSIONS.glob("*/bin") if (path / "postgres").exists()]
    if not found:
        raise RuntimeError(f"no PostgreSQL server in {VERSIONS}: ./dev setup")
    return max(found, key=lambda path: int(path.parent.name))


def as_owner(directory):
    """What to put before a command: the server refuses to run as root. Gives the directory to who it will run as."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig=QUIT", "--"]
    user = pwd.getpwnam("postgres")
    for parent in directory.parents:
        if not parent.stat().st_mode & 0o001:
            raise RuntimeError(f"the user postgres may not enter {parent}: name another --work-dir")
    os.chown(directory, user.pw_uid, user.pw_gid)
    # A change of the user forgets the signal for the parent's death: setpriv sets it after that.
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=QUIT", "--"]


class Postgres(Process):
    def __init__(self, directory):
        directory.mkdir(parents=True, mode=0o700)
        self.bin, self.port = programs(), free_port()
        self.databases = itertools.count(1)
        prefix, data = as_owner(directory), directory / "data"
        subprocess.run([*prefix, self.bin / "initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8",
                        "--locale=C.UTF-8", "-D", data], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        self.counts_statements = any(VERSIONS.parent.parent.glob(f"share/postgresql/*/extension/{STATEMENTS}.control"))
        settings = dict(SETTINGS)
        if self.counts_statements:
            settings |= {"shared_preload_libraries": STATEMENTS, f"{STATEMENTS}.track": "none"}
        # Not on the command line, which ALTER SYSTEM could not change.
        with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        super().__init__([*prefix, self.bin / "postgres", "-D", data, "-p", self.port], directory / "log")
        ready = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until("PostgreSQL is ready", lambda: self.check_alive() and subprocess.call(ready) == 0, 30)
        if self.counts_statements:
            self.sql(f"CREATE EXTENSION {STATEMENTS}")

    def url(self, database="postgres"):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, *statements):
        """Each in a transaction of its own; what they print, columns separated by |."""
        words = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url()]
        words += [word for text in statements for word in ("-c", text)]
        return subprocess.run(words, check=True, text=True, capture_output=True).stdout.strip()

    def create_database(self):
        name = f"bench_{next(self.databases)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def drop_database(self, name):
        self.sql(f"DROP DATABASE {name} WITH (FORCE)", "CHECKPOINT")

    def count_statements(self, on):
        """Off but where they are asked for: counting costs a few per cent."""
        if self.counts_statements:
            self.sql(f"ALTER SYSTEM SET {STATEMENTS}.track = '{'top' if on else 'none'}'", "SELECT pg_reload_conf()")

    def counts(self, database):
        """So far: commits, wal_bytes, and statements where they can be counted."""
        time.sleep(STATS_DELAY_S)
        commits = self.sql(f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{database}'")
        counts = {"commits": int(commits), "wal_bytes": int(self.sql("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))}
        if self.counts_statements:
            counts["statements"] = int(self.sql(
                f"SELECT coalesce(sum(calls), 0) FROM {STATEMENTS} s JOIN pg_database d ON d.oid = s.dbid "
                f"WHERE d.datname = '{database}'"))
        return counts

    def stop(self, seconds=40):
        """The end that does not wait for clients."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.send_signal(signal.SIGQUIT)
        self.child.wait()
