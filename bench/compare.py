#!/usr/bin/env python3
"""Runs the straw man and Vakt on one corpus in turns; checks counts, prints medians and ratios."""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Callable, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    lines: int
    hits: int
    incidents: int
    seconds: float
    cpu_s: float
    rss_mb: float


class Corpus:
    def __init__(self, folder: Path):
        self.folder = folder
        self.log = folder / "corpus.log"
        self.expected = json.loads((folder / "expected.json").read_text())

    def rule_options(self) -> list[str]:
        return ["--rules", str(self.folder / "rules"), "--decoders", str(ROOT / "rules/decoders"),
                "--decoders", str(self.folder / "decoders"),
                "--field-maps", str(ROOT / "rules/field_maps")]


def fail(message: str) -> None:
    sys.exit(f"bench: {message}")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def timed(command: list[str]) -> tuple[str, str, float, float, float]:
    """Output, errors, wall time, CPU time and peak MB of a command that must succeed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        output, errors = out.read(), err.read()
    if process.returncode != 0:
        fail(f"{' '.join(command)} ended with {process.returncode}:\n{errors[-2000:]}")
    return output, errors, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def straw_man_options(corpus: Corpus, out: str) -> list[str]:
    e = corpus.expected
    return ["--patterns", str(corpus.folder / "patterns.txt"), "--out", out,
            "--correlations", str(e["correlations"]), "--threshold", str(e["threshold"]),
            "--window", str(e["window_s"]), "--year", str(e["year"])]


def straw_man_run(report: str) -> Run:
    r = json.loads(report)
    return Run(r["lines"], r["hits"], r["incidents"], r["seconds"],
               r["cpu_s_per_million"] * r["lines"] / 1e6, r["rss_mb"])


def straw_man_replay(build: Path, corpus: Corpus, out: str) -> Run:
    output, *_ = timed([str(build / "bench_straw_man"), "--file", str(corpus.log),
                        *straw_man_options(corpus, out)])
    return straw_man_run(output)


def vakt_replay(build: Path, corpus: Corpus, out: str) -> Run:
    # Seconds are those of reading and processing the log; CPU time includes the start and loading
    # the rules. The straw man has its log in memory before its clock starts.
    output, errors, _, cpu, rss = timed(
        [str(build / "vakt"), "replay", *corpus.rule_options(),
         "--year", str(corpus.expected["year"]), "--json", str(corpus.log)])
    Path(out, "vakt.incidents").write_text(output)
    found = re.search(
        r"(\d+) events, \d+ unparsed, (\d+) hits, (\d+) incidents in ([\d.]+) s", errors)
    if not found:
        fail(f"`vakt replay` did not print its summary:\n{errors[-2000:]}")
    lines, hits, incidents = map(int, found.groups()[:3])
    return Run(lines, hits, incidents, float(found.group(4)), cpu, rss)


def send(build: Path, corpus: Corpus, port: int) -> subprocess.Popen:
    """Returns when the sender has read the log and connected: the straw man's clock starts then."""
    sender = subprocess.Popen([str(build / "bench_send"), str(corpus.log), "--port", str(port)],
                              stdout=subprocess.PIPE)
    if sender.stdout.readline() != b"connected\n":
        fail(f"bench_send ended with {sender.wait()} before it had connected")
    return sender


def wait_for(what: str, condition: Callable[[], bool], process: subprocess.Popen,
             seconds: float = 120, every: float = 0.01) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            fail(f"{process.args[0]} ended with {process.returncode} before {what}")
        if time.monotonic() > deadline:
            process.kill()
            fail(f"gave up waiting for {what} after {seconds} s")
        time.sleep(every)


def listens(port: int) -> bool:
    """Without connecting: the straw man counts connections."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    return wanted in Path("/proc/net/tcp").read_text()


def straw_man_serve(build: Path, corpus: Corpus, out: str) -> Run:
    port = free_port()
    process = subprocess.Popen(
        [str(build / "bench_straw_man"), "--port", str(port), *straw_man_options(corpus, out)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    wait_for("listening", lambda: listens(port), process)
    sender = send(build, corpus, port)
    output, _ = process.communicate(timeout=300)
    sender.wait()
    return straw_man_run(output)


def metrics(port: int) -> dict[str, float]:
    """Sums by metric name."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        sums: dict[str, float] = {}
        for line in answer.read().decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.split("{")[0].split(" ")[0], line.rsplit("} ", 1)[-1].split(" ")
                sums[name] = sums.get(name, 0) + float(value[0] if "{" in line else value[1])
        return sums


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
            return True
    except OSError:
        return False


def vakt_serve(build: Path, corpus: Corpus, out: str) -> Run:
    data, port, api = Path(out, "data"), free_port(), free_port()
    shutil.rmtree(data, ignore_errors=True)
    config = Path(out, "vakt.yaml")
    config.write_text(json.dumps({
        "data_dir": str(data),
        "rules": [str(corpus.folder / "rules")],
        "decoders": [str(ROOT / "rules/decoders"), str(corpus.folder / "decoders")],
        "field_maps": [str(ROOT / "rules/field_maps")],
        "api": {"address": f"127.0.0.1:{api}"},
        "memory": {"budget": "192MiB"},
        "listeners": [{"name": "bench", "type": "tcp", "address": f"127.0.0.1:{port}",
                       "year": corpus.expected["year"]}],
    }))
    with open(Path(out, "vakt.log"), "wb") as log:
        process = subprocess.Popen([str(build / "vakt"), "serve", "--config", str(config)],
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for("being ready", lambda: is_ready(api), process)
        cpu = cpu_seconds(process.pid)
        sender = send(build, corpus, port)
        started = time.monotonic()
        # The page has a line a rule: asking for it all the time would be what is measured.
        wait_for("the last line's commit", lambda: metrics(api).get(
            "vakt_ingest_committed_total", 0) >= corpus.expected["lines"], process, 600, 0.05)
        seconds = time.monotonic() - started
        cpu = cpu_seconds(process.pid) - cpu
        sender.wait()
        sums = metrics(api)
        return Run(int(sums["vakt_ingest_committed_total"]), int(sums["vakt_rule_matches_total"]),
                   int(sums["vakt_incidents_opened_total"]), seconds, cpu, peak_mb(process.pid))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def check(name: str, run: Run, corpus: Corpus) -> list[str]:
    wanted = corpus.expected
    pairs = (("lines", run.lines, wanted["lines"]), ("hits", run.hits, wanted["matching"]),
             ("incidents", run.incidents, wanted["incidents"]))
    return [f"{name}: {got} {what}, but the corpus holds {want}"
            for what, got, want in pairs if got != want]


def table(runs: dict[str, list[Run]]) -> None:
    print(f"{'':12} {'lines/s':>12} {'min..max':>25} {'CPU-s per M':>12} {'MB':>6}")
    medians = {}
    for name, each in runs.items():
        rates = [r.lines / r.seconds for r in each]
        cpus = [r.cpu_s / r.lines * 1e6 for r in each]
        medians[name] = statistics.median(rates), statistics.median(cpus)
        spread = f"{min(rates):,.0f}..{max(rates):,.0f}"
        print(f"{name:12} {medians[name][0]:12,.0f} {spread:>25} {medians[name][1]:12.3f} "
              f"{statistics.median(r.rss_mb for r in each):6.0f}")
    (straw_rate, straw_cpu), (rate, cpu) = medians["straw man"], medians["vakt"]
    print(f"vakt: {100 * rate / straw_rate:.0f} % of the straw man's rate, "
          f"{cpu / straw_cpu:.1f} times its CPU time")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=("replay", "serve"))
    parser.add_argument("corpus", type=Path, help="directory made by bench_corpus")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    corpus = Corpus(arguments.corpus)
    contenders = {
        "replay": {"straw man": straw_man_replay, "vakt": vakt_replay},
        "serve": {"straw man": straw_man_serve, "vakt": vakt_serve},
    }[arguments.case]
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="vakt-bench-") as out:
        for _ in range(arguments.rounds):
            for name, contender in contenders.items():
                run = contender(arguments.build, corpus, out)
                wrong += check(name, run, corpus)
                runs[name].append(run)
    e = corpus.expected
    print(f"\n{arguments.case}, {corpus.folder.name}: {e['lines']:,} lines, "
          f"{e['patterns']:,} rules, {e['matching']:,} hits, {e['incidents']:,} incidents, "
          f"{arguments.rounds} rounds")
    table(runs)
    for line in sorted(set(wrong)):
        print(f"WRONG COUNT  {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
