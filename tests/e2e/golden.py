"""The labelled log by replay, UDP, TCP (LF and octet-counted) and HTTP.

In order, shuffled within the allowed disorder, and at a hundredth of the speed: always the golden
incidents."""

import json
import random
import subprocess
import time

from vakt_e2e import (VAKT, ROOT, Daemon, Golden, check, ndjson, octet_counted, post_events,
                      send_tcp, send_udp)

golden = Golden()
LINES = golden.lines


def shuffled():
    """No line after one that is more than 60 s newer."""
    def event_time(line):
        return time.mktime(time.strptime("2017 " + line[:15].decode(), "%Y %b %d %H:%M:%S"))

    chance = random.Random(7)
    keyed = sorted((event_time(l) + chance.uniform(0, 60), i, l) for i, l in enumerate(LINES))
    return [line for _, _, line in keyed]


def by_replay():
    out = subprocess.run(
        [VAKT, "replay", "--rules", str(golden.rules), "--decoders", str(ROOT / "rules/decoders"),
         "--year", "2017", "--json", str(golden.lines_path)],
        capture_output=True, text=True, check=True)
    golden.compare([json.loads(line) for line in out.stdout.split("\n")[:-1]])


def live(name, send, lines, exact_lines=True):
    start = time.monotonic()
    listeners = [
        {"name": "udp", "type": "udp", "year": 2017},
        {"name": "lf", "type": "tcp", "year": 2017, "framing": "lf"},
        {"name": "octet", "type": "tcp", "year": 2017, "framing": "octet"},
    ]
    with Daemon(listeners, golden.rules, api_events={"year": 2017}) as vakt:
        listener = send(vakt, lines)
        figures = vakt.at_rest(listener, len(lines))
        check(figures["committed"] == len(lines), f"{name}: {figures}")
        golden.compare(vakt.incidents(), exact_lines)
        lag = [v for labels, v in vakt.metrics()["vakt_late_events_total"]]
        check(sum(lag) == 0, f"{name}: {lag} events were late")
    print(f"ok    {name} ({time.monotonic() - start:.1f} s)", flush=True)


def udp(vakt, lines):
    send_udp(vakt.ports["udp"], lines)
    return "udp"


def lf(vakt, lines):
    send_tcp(vakt.ports["lf"], b"".join(l + b"\n" for l in lines))
    return "lf"


def octet(vakt, lines):
    send_tcp(vakt.ports["octet"], b"".join(octet_counted(l) for l in lines))
    return "octet"


def http(vakt, lines):
    for i in range(0, len(lines), 1000):
        status, body = post_events(vakt.api_port, ndjson(lines[i:i + 1000]), compress=i % 2000 == 0)
        answer = json.loads(body)
        check(status == 200 and answer["accepted"] == len(lines[i:i + 1000]), f"{status} {body}")
    return "http"


def slow(vakt, lines):
    """A hundred times longer than this machine needs for it."""
    with Daemon([{"name": "lf", "type": "tcp", "year": 2017}], golden.rules) as other:
        start = time.monotonic()
        send_tcp(other.ports["lf"], b"".join(l + b"\n" for l in lines))
        other.at_rest("lf", len(lines))
        seconds = time.monotonic() - start
    parts = [b"".join(l + b"\n" for l in lines[i:i + 50]) for i in range(0, len(lines), 50)]
    send_tcp(vakt.ports["lf"], parts, pace=100 * seconds / len(parts))
    return "lf"


def main():
    golden.lines_path = golden.rules / "auth.log"
    golden.lines_path.write_bytes(b"".join(l + b"\n" for l in LINES))
    by_replay()
    print("ok    replay", flush=True)
    for name, send in (("UDP", udp), ("TCP LF", lf), ("TCP octet-counted", octet), ("HTTP", http)):
        live(name, send, LINES)
    for name, send in (("TCP LF, shuffled", lf), ("HTTP, shuffled", http)):
        live(name, send, shuffled(), exact_lines=False)
    live("TCP LF at a hundredth of the speed", slow, LINES)


main()
