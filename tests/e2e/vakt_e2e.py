"""What the end-to-end tests share: start and stop a real `vakt serve`, feed it, ask it.

Everything stays on 127.0.0.1, in a temporary directory, and is ended by pid. Python's standard
library only. The binary is build/vakt, or VAKT_BIN.
"""

import atexit
import gzip
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
VAKT = os.environ.get("VAKT_BIN", str(ROOT / "build" / "vakt"))
DATA = pathlib.Path(os.environ.get("VAKT_TEST_DATA", ROOT.parent / "shared" / "data"))


def need_data(*parts):
    path = DATA.joinpath(*parts)
    if not path.exists():
        print(f"skipped: {path} is missing (set VAKT_TEST_DATA)")
        sys.exit(0)
    return path


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=60):
    """Polls until the condition holds; the only waiting there is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise SystemExit(f"FAILED: gave up waiting for {what} after {seconds} s")


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


class Daemon:
    """One `vakt serve`; `listeners` is a list of dicts as in the configuration."""

    def __init__(self, listeners, rules=None, api_events=None, extra="", data_dir=None):
        self.dir = pathlib.Path(data_dir or tempfile.mkdtemp(prefix="vakt-e2e-"))
        self.api_port = free_port()
        self.ports = {}
        lines = [f"data_dir: {self.dir}/data"]
        if rules:
            lines += [f"rules: [{json.dumps(str(rules))}]", f"decoders: [{ROOT}/rules/decoders]"]
        lines.append("api:")
        lines.append(f"  address: 127.0.0.1:{self.api_port}")
        if api_events:
            lines.append(f"  events: {json.dumps(api_events)}")
        lines.append("listeners:")
        for listener in listeners:
            udp = listener["type"] == "udp"
            port = free_port(socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
            self.ports[listener["name"]] = port
            lines.append("  - " + json.dumps({**listener, "address": f"127.0.0.1:{port}"}))
        if extra:
            lines.append(extra)
        self.config = self.dir / "vakt.yaml"
        self.config.write_text("\n".join(lines) + "\n")
        self.log = open(self.dir / "vakt.log", "ab")
        self.process = None

    def start(self, wait=True):
        atexit.unregister(self._end)
        atexit.register(self._end)  # a failed check leaves nothing running
        self.process = subprocess.Popen(
            [VAKT, "serve", "--config", str(self.config)],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        if wait:
            wait_for("/-/ready", self.ready, 60)
        return self

    def ready(self):
        if self.process.poll() is not None:
            print((self.dir / "vakt.log").read_text(errors="replace")[-3000:])
            raise SystemExit(f"FAILED: vakt ended with {self.process.returncode}")
        try:
            return self.get("/-/ready")[0] == 200
        except OSError:
            return False

    def _end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=10):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit(f"FAILED: vakt did not stop within {seconds} s")
        check(status == 0, f"vakt ended with {status} after SIGTERM")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()

    # Asking -------------------------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.api_port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def token(self):
        return (self.dir / "data" / "api.token").read_text().strip()

    def api(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        status, text, _ = self.request(method, path, body and json.dumps(body), headers)
        return status, json.loads(text)

    def incidents(self):
        """All of them, oldest first, merged ones left out."""
        out, before = [], ""
        while True:
            status, page = self.api("GET", f"/api/v1/incidents?limit=1000{before}")
            check(status == 200, f"listing incidents: {status} {page}")
            out += page["incidents"]
            if len(page["incidents"]) < 1000:
                return list(reversed(out))
            before = f"&before={page['incidents'][-1]['name'].split('-')[1]}"

    def metrics(self):
        """{name: [(labels, value)]}"""
        out = {}
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith("#") or not line:
                continue
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?", line).groups()
            pairs = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))
            out.setdefault(name, []).append((pairs, float(value)))
        return out

    def listener(self, name, metrics=None):
        """The identity's figures of one listener."""
        metrics = metrics or self.metrics()

        def total(metric):
            return int(sum(v for labels, v in metrics.get(metric, [])
                           if labels.get("listener") == name))

        return {
            "received": total("vakt_ingest_events_total"),
            "committed": total("vakt_ingest_committed_total"),
            "ignored": total("vakt_ingest_ignored_total"),
            "deduplicated": total("vakt_ingest_deduplicated_total"),
            "dropped": total("vakt_ingest_dropped_total"),
            "rejected": total("vakt_ingest_rejected_total"),
            "in_flight": total("vakt_ingest_in_flight"),
        }

    def at_rest(self, name, received=None, seconds=60):
        """Waits until nothing is in flight (and `received` frames came); checks the identity."""
        def settled():
            figures = self.listener(name)
            enough = received is None or figures["received"] >= received
            return figures if figures["in_flight"] == 0 and enough else None

        figures = wait_for(f"listener {name} to come to rest ({self.listener(name)})", settled,
                           seconds)
        parts = sum(figures[k] for k in ("committed", "ignored", "deduplicated", "dropped",
                                         "rejected"))
        check(figures["received"] == parts, f"the identity of {name}: {figures}")
        return figures


# Feeding ----------------------------------------------------------------------------------------

def send_tcp(port, data, pace=None):
    """Bytes, or an iterable of byte strings; `pace`: seconds to wait after each."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        if isinstance(data, bytes):
            s.sendall(data)
            return
        for part in data:
            s.sendall(part)
            if pace:
                time.sleep(pace)


def send_udp(port, datagrams, per_second=20000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        start = time.monotonic()
        for i, datagram in enumerate(datagrams):
            s.sendto(datagram, ("127.0.0.1", port))
            if i % 50 == 49:
                ahead = start + i / per_second - time.monotonic()
                if ahead > 0:
                    time.sleep(ahead)


def post_events(port, body, key=None, compress=False, query=""):
    headers = {"Content-Type": "application/x-ndjson"}
    if key:
        headers["Idempotency-Key"] = key
    if compress:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/api/v1/events" + query, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ndjson(lines):
    return b"".join(json.dumps({"message": line.decode()}).encode() + b"\n" for line in lines)


def octet_counted(line):
    return str(len(line)).encode() + b" " + line


# The labelled log -------------------------------------------------------------------------------

class Golden:
    """auth.log with its computed truth; all its rules at once."""

    def __init__(self):
        self.lines = need_data("logs", "auth.log").read_bytes().split(b"\n")[:-1]
        self.truth = json.loads(need_data("logs", "auth.episodes_golden.json").read_text())
        self.truth = {k: v for k, v in self.truth.items() if isinstance(v, dict)}
        self.rules = pathlib.Path(tempfile.mkdtemp(prefix="vakt-golden-"))
        self.names = {}  # rule id -> (truth, threshold)
        self._write_rules()

    def _write_rules(self):
        documents = ["""title: sshd authentication failure
name: sshd_failure
level: low
logsource: {product: linux, service: sshd}
detection:
  failed:
    message|re: 'Failed (password|none|publickey) for '
    source.ip|exists: true
  condition: failed"""]
        for t, (name, truth) in enumerate(self.truth.items()):
            distinct = name.startswith("value_count")
            for n in truth["incidents_by_threshold"]:
                rule = f"golden-{t}-{n}"
                self.names[rule] = (name, int(n))
                field = "\n    field: user.name" if distinct else ""
                documents.append(f"""title: {name} at {n}
id: {rule}
level: high
correlation:
  type: {"value_count" if distinct else "event_count"}
  rules: [sshd_failure]
  group-by: [source.ip]
  timespan: {name.split()[-1]}
  condition:
    gte: {n}{field}""")
        (self.rules / "golden.yml").write_text("\n---\n".join(documents) + "\n")

    def compare(self, incidents, lines=True):
        """Incidents as the API or `replay --json` gives them."""
        by_rule = {rule: [] for rule in self.names}
        for incident in incidents:
            by_rule[incident["rule"]["id"]].append(incident)
        for rule, (name, n) in self.names.items():
            truth, found = self.truth[name], by_rule[rule]
            expected = truth["incidents_by_threshold"][str(n)]
            check(len(found) == expected, f"{name} at {n}: {len(found)} incidents, not {expected}")
            if f"episodes_at_{n}" not in truth:
                continue
            want = sorted(
                (e["group"], stamp(e["first_time"]), stamp(e["last_time"]), e["events"], e["peak"],
                 stamp(e["fire_time"]), e["fire_line"] if lines else 0)
                for e in truth[f"episodes_at_{n}"])
            got = sorted(
                (i["group"]["source.ip"], i["first_event_time"], i["last_event_time"],
                 i["event_count"], i["peak"], i["opened_by"]["event_time"],
                 (i["opened_by"].get("line") or i["opened_by"]["sequence"] + 1) if lines else 0)
                for i in found)
            check(got == want, f"{name} at {n}: episodes differ:\n got {got}\nwant {want}")


def stamp(unix_seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_seconds))
