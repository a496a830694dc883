"""Rules changed under load.

A sender at half of what this run can take; once a second a rule is changed and a reload asked for.
Nothing is lost, nothing is counted twice, every change is in use within 3 s; the delay it adds is
told beside that of the same load without reloads.

VAKT_RELOAD_SECONDS (default 5), VAKT_RELOAD_RULES: a folder of further rules to load (a checkout of
the public Sigma rules, for the long run)."""

import json
import os
import pathlib
import shutil
import socket
import tempfile
import threading
import time

from vakt_e2e import Daemon, check, wait_for

SECONDS = int(os.environ.get("VAKT_RELOAD_SECONDS", "5"))
FURTHER = os.environ.get("VAKT_RELOAD_RULES")
LIMIT = 3.0
LINES = 500  # a chunk; one of them is the constant rule's


def rule(name, word):
    return f"""title: {name}
id: {name}
level: high
logsource: {{product: windows, category: process_creation}}
detection:
  said: {{CommandLine|contains: {word}}}
  condition: said
"""


def write(path, text):
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.rename(path)


def line(words, i=0):
    return (json.dumps({"EventID": 1, "Image": "C:\\Windows\\System32\\cmd.exe",
                        "CommandLine": f"cmd /c dir {words} C:\\Users\\u{i}\\Documents",
                        "ParentImage": "C:\\Windows\\explorer.exe", "User": f"CORP\\u{i}",
                        "host.name": "ws1"}) + "\n").encode()


CHUNK = b"".join(line("constant-needle" if i == 0 else "quiet", i) for i in range(LINES))


class Sender(threading.Thread):
    """Chunks at a rate (lines/s), or as fast as they are taken."""

    def __init__(self, port, seconds, rate=None):
        super().__init__()
        self.port, self.seconds, self.rate, self.chunks = port, seconds, rate, 0
        self.start()

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
            start = time.monotonic()
            while time.monotonic() < start + self.seconds:
                s.sendall(CHUNK)
                self.chunks += 1
                if self.rate:
                    ahead = start + self.chunks * LINES / self.rate - time.monotonic()
                    if ahead > 0:
                        time.sleep(ahead)


class Reloads:
    """One a second, each in a thread of its own: those that meet share one."""

    def __init__(self, vakt, path):
        self.vakt, self.path, self.threads = vakt, path, []
        self.took, self.spent = [], []  # seconds: of those who asked, of the reloads they shared

    def one(self, i):
        start = time.monotonic()
        write(self.path, rule("changing", f"changing-needle-{i}-"))
        status, answer = self.vakt.api("POST", "/-/reload")
        check(status == 200, f"reload {i}: {status} {answer}")
        self.took.append(time.monotonic() - start)
        self.spent.append(answer["seconds"])

    def run(self, seconds):
        start = time.monotonic()
        for i in range(seconds):
            thread = threading.Thread(target=self.one, args=(i,))
            thread.start()
            self.threads.append(thread)
            time.sleep(max(0.0, start + i + 1 - time.monotonic()))
        for thread in self.threads:
            thread.join()


def latency(vakt):
    """(seconds, events) so far, from reception to evaluation."""
    metrics = vakt.metrics()
    return (metrics["vakt_detection_latency_seconds_sum"][0][1],
            metrics["vakt_detection_latency_seconds_count"][0][1])


def run(vakt, rate, reloads=None):
    """Mean delay in ms, and the chunks sent."""
    before = latency(vakt)
    sender = Sender(vakt.ports["json"], SECONDS, rate)
    if reloads:
        reloads.run(SECONDS)
    sender.join()
    vakt.at_rest("json")
    after = latency(vakt)
    return 1000 * (after[0] - before[0]) / max(1, after[1] - before[1]), sender.chunks


def spread(seconds):
    ordered = sorted(seconds)
    return f"median {ordered[len(ordered) // 2]:.2f} s, longest {ordered[-1]:.2f} s"


def matches(vakt, name):
    return sum(v for labels, v in vakt.metrics()["vakt_rule_matches_total"]
               if labels["rule"] == name)


def main():
    rules = pathlib.Path(tempfile.mkdtemp(prefix="vakt-reload-"))
    if FURTHER:
        for folder in ("rules", "rules-emerging-threats", "rules-threat-hunting",
                       "rules-compliance"):
            shutil.copytree(pathlib.Path(FURTHER) / folder, rules / folder)
    write(rules / "constant.yml", rule("constant", "constant-needle"))
    changing = rules / "changing.yml"
    write(changing, rule("changing", "changing-needle-first-"))
    listener = {"name": "json", "type": "tcp", "format": "json",
                "logsource": {"product": "windows", "category": "process_creation"}}
    with Daemon([listener], rules) as vakt:
        probe = Sender(vakt.ports["json"], 3)
        start = time.monotonic()
        probe.join()
        chunks = probe.chunks
        vakt.at_rest("json", chunks * LINES)
        rate = chunks * LINES / (time.monotonic() - start) / 2

        quiet_ms, sent = run(vakt, rate)
        chunks += sent
        reloads = Reloads(vakt, changing)
        busy_ms, sent = run(vakt, rate, reloads)
        chunks += sent
        loaded = sum(v for _, v in vakt.metrics()["vakt_rules_loaded"])
        figures = (f"{loaded:.0f} rules, {rate:.0f} lines/s: {SECONDS} reloads in use after "
                   f"{spread(reloads.took)}, each took {spread(reloads.spent)}; mean delay "
                   f"{busy_ms:.2f} ms, without reloads {quiet_ms:.2f} ms")
        check(len(reloads.took) == SECONDS, f"{len(reloads.took)} of {SECONDS} reloads came back")
        check(max(reloads.took) <= LIMIT, f"a reload took more than {LIMIT} s: {figures}")

        # The last change is in use, the one before it no longer.
        with socket.create_connection(("127.0.0.1", vakt.ports["json"]), timeout=60) as s:
            s.sendall(line(f"changing-needle-{SECONDS - 1}-") + line("changing-needle-first-"))
        balance = vakt.at_rest("json", chunks * LINES + 2)
        check(balance["committed"] == chunks * LINES + 2, f"events were lost: {balance}")
        wait_for("the changed rule's match", lambda: matches(vakt, "changing") == 1)
        check(matches(vakt, "constant") == chunks,
              f"{matches(vakt, 'constant')} matches of {chunks} of the rule that never changed")
        of_constant = [i for i in vakt.incidents() if i["rule"]["id"] == "constant"]
        check(len(of_constant) == 1, f"{len(of_constant)} incidents of one episode")
        counted = of_constant[0]["event_count"]
        check(counted == chunks, f"it counted {counted} of {chunks}")
    print(f"ok    {figures}")


main()
