"""What makes the load: wrk for throughput, bench/load for latencies at a fixed rate."""
import json
import pathlib
import subprocess

BENCH = pathlib.Path(__file__).resolve().parent.parent


def build_load(out_dir):
    """bench/load compiled, where its sources are newer than the program; its path."""
    sources = sorted((BENCH / "load").glob("*.cc"))
    program = out_dir / "load"
    newest = max(path.stat().st_mtime for path in (BENCH / "load").iterdir())
    if not program.exists() or program.stat().st_mtime < newest:
        out_dir.mkdir(parents=True, exist_ok=True)
        subprocess.run(["g++", "-std=c++20", "-O2", f"-I{BENCH}", *map(str, sources), "-o", str(program)], check=True)
    return program


def run_bounded(words, seconds):
    """Runs a generator to its end and returns its output; it is ended by pid when it does not end by itself."""
    with subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        try:
            output, _ = run.communicate(timeout=seconds)
        except BaseException:
            run.kill()
            raise
    if run.returncode != 0:
        raise RuntimeError(f"{words[0]} ended with {run.returncode}: {output[-500:]}")
    return output


def run_wrk(port, key, seconds, connections, event_type="bench.s0", payload_bytes=1024):
    """POST /api/events, each event its own request. Returns what bench/post.lua prints: completed, failed, p50 …"""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", BENCH / "post.lua",
             f"http://127.0.0.1:{port}/api/events", "--", key, event_type, payload_bytes]
    return json.loads(run_bounded(words, seconds + 90).splitlines()[-1])


def run_load(program, seconds, warmup, **flags):
    """bench/load with `flags` (underscores become dashes); its JSON."""
    words = [program, "--seconds", seconds, "--warmup", warmup]
    for name, value in flags.items():
        words += ["--" + name.replace("_", "-"), value]
    return json.loads(run_bounded(words, seconds + warmup + 120))
