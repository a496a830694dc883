"""Garbage at every listener.

Nothing crashes, the conservation identity is exact at rest, and the valid lines on LF listeners and
on other connections are all there. VAKT_GARBAGE sets how many lines of it (20,000; the long run:
200,000)."""

import collections
import json
import os
import random
import socket
import subprocess
import time

from vakt_e2e import VAKT, Daemon, check, octet_counted, post_events, send_tcp, send_udp

LINES = int(os.environ.get("VAKT_GARBAGE", "20000"))
SEED = int(os.environ.get("VAKT_SEED", str(random.SystemRandom().randrange(1 << 32))))
chance = random.Random(SEED)
VALID = 500  # on each listener, between the garbage


def valid(where, i):
    return f"<38>Nov 24 03:00:00 host app[{i}]: valid {where} {i}".encode()


def garbage_line():
    kind = chance.randrange(12)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 400)).replace(b"\n", b"\0")
    if kind == 1:
        return b"<13>" + b"\xff\xfe\xc3" + "åäö€".encode()[:chance.randrange(1, 9)]
    if kind == 2:
        return b"<34>1 2026-11-24T03:00:00Z h a - - [x y=\"" + b"\0" * chance.randrange(1, 50)
    if kind == 3:
        return b"A" * chance.randrange(1, 3000)
    if kind == 4:
        return b'{"a":' * chance.randrange(1, 200)
    if kind == 5:
        return b'{"message": "torn'
    if kind == 6:
        return b"<999999>" + chance.randbytes(20).replace(b"\n", b"")
    if kind == 7:
        return str(chance.randrange(1 << 40)).encode() + b" <13>wrong count"
    if kind == 8:
        return b"\xef\xbb\xbf<0>" + b" " * chance.randrange(40)
    if kind == 9:
        return b"<13>Feb 30 99:99:99 h a: no such day"
    if kind == 10:
        return b"Failed password for invalid user \x1b]0;x\x07 from 1.2.3.4 port 22 ssh2"
    return b""


def lf_stream(where, count):
    """Garbage lines with valid ones between, and now and then a huge one."""
    spread = max(1, count // VALID)
    sent = 0
    for i in range(count):
        if i % spread == 0 and sent < VALID:
            yield valid(where, sent) + b"\n"
            sent += 1
        yield (b"H" * 700_000 if i % (count // 3 + 1) == 7 else garbage_line()) + b"\n"
    for i in range(sent, VALID):
        yield valid(where, i) + b"\n"


def chunks(parts, size=50_000):
    """The same bytes in pieces that fit nothing."""
    data = b"".join(parts)
    at = 0
    while at < len(data):
        n = chance.randrange(1, size)
        yield data[at:at + n]
        at += n


def broken_octet_streams(port, count):
    """Each connection breaks somewhere; frames before that are good. Returns how many were."""
    good = 0
    for _ in range(count):
        frames = chance.randrange(0, 5)
        data = b"".join(octet_counted(valid("octet", VALID + good + i)) for i in range(frames))
        data += chance.choice([b"0 <13>x", b"12x <13>", b"99999999999 <13>x", b"007 <13>xx",
                               b"500 <13>ends in the middle", b"16777217 <13>x"])
        try:
            send_tcp(port, data)
        except OSError:
            pass  # closed on us, as it should be
        good += frames
    return good


def bad_requests(vakt, count):
    for i in range(count):
        kind = i % 6
        if kind == 0:
            status, _ = post_events(vakt.api_port, chance.randbytes(300).replace(b"\n", b" "))
            check(status == 200, f"garbage is stored raw: {status}")
        elif kind == 1:
            status, _, _ = vakt.request("POST", "/api/v1/events", b"not gzip",
                                        {"Content-Encoding": "gzip"})
            check(status == 400, f"broken gzip: {status}")
        elif kind == 2:
            bomb = b"0" * (20 << 20)
            status, _ = post_events(vakt.api_port, bomb, compress=True)
            check(status == 413, f"gzip bomb: {status}")
        elif kind == 3:
            status, _ = post_events(vakt.api_port, b'{"a":1}\n{"b":', query="?strict=1")
            check(status == 400, f"strict: {status}")
        elif kind == 4:
            with socket.create_connection(("127.0.0.1", vakt.api_port)) as s:
                s.sendall(chance.randbytes(200))
        else:
            status, body = post_events(vakt.api_port, b'{"a":1}\n{"b":\n\n{"c":2}')
            answer = json.loads(body)
            check(status == 200 and answer["accepted"] == 2 and answer["malformed"] == 1, f"{body}")


def main():
    print(f"seed {SEED}", flush=True)
    start = time.monotonic()
    listeners = [{"name": "udp", "type": "udp"},
                 {"name": "lf", "type": "tcp"},
                 {"name": "octet", "type": "tcp", "framing": "octet"},
                 {"name": "json", "type": "tcp", "format": "json"}]
    vakt = Daemon(listeners).start()
    send_tcp(vakt.ports["lf"], chunks(lf_stream("lf", LINES // 2)))
    send_tcp(vakt.ports["json"], chunks(lf_stream("json", LINES // 4)))
    datagrams = [g for g in (garbage_line() for _ in range(LINES // 4))]
    datagrams += [valid("udp", i) for i in range(VALID)]
    send_udp(vakt.ports["udp"], datagrams, per_second=15000)
    broken_octet_streams(vakt.ports["octet"], max(20, LINES // 1000))
    send_tcp(vakt.ports["octet"], b"".join(octet_counted(valid("octet", i)) for i in range(VALID)))
    bad_requests(vakt, 30)
    for name in ("udp", "lf", "octet", "json", "http"):
        print(f"      {name}: {vakt.at_rest(name)}", flush=True)
    vakt.stop()
    out = subprocess.run([VAKT, "store", "dump", "--json", str(vakt.dir / "data")],
                         capture_output=True, text=True, errors="surrogateescape", check=True)
    stored = collections.Counter(json.loads(line)["raw"] for line in out.stdout.split("\n")[:-1])
    for where in ("lf", "json", "octet", "udp"):
        missing = [i for i in range(VALID) if stored[valid(where, i).decode()] != 1]
        check(not missing, f"{where}: {len(missing)} valid lines are not there once: {missing[:5]}")
    print(f"ok    {LINES} lines of garbage ({time.monotonic() - start:.1f} s)", flush=True)


main()
