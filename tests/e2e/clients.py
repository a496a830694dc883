"""Real clients: logger, rsyslog and loggen, in every framing and format they have. What they sent
is stored exactly once, the identity of every listener is exact, and host, program and message
arrive parsed: the shipped brute-force rule counts every failed login, a rule of ours every line of
loggen.
Without loggen (LOGGEN, else the one that deploy/packages.sh unpacked) that part is left out."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from vakt_e2e import ROOT, VAKT, Daemon, check, wait_for

HOST = os.uname().nodename
AS_SSHD = ["--priority", "auth.info", "--tag", "sshd", "--id=4711"]
LOGINS = 500  # of each way to send; one address each
LINES = 5000  # of loggen, each way
REPEATED = 5  # how many lines rsyslog may send again after it found nobody
SLOW = 2000   # a second, over UDP: what no receive buffer of any machine loses
CACHE = os.environ.get("XDG_CACHE_HOME", str(pathlib.Path.home() / ".cache"))
LOGGEN = os.environ.get("LOGGEN") or str(
    pathlib.Path(os.environ.get("VAKT_CACHE_DIR", CACHE + "/vakt")) / "loggen" / "loggen")

LOGGEN_RULE = """title: A line of loggen
name: loggen_line
id: loggen-line
level: informational
logsource: {product: loggen}
detection:
  line:
    process.name: prg00000
    host.name: localhost
    message|re: '^seq: [0-9]{10}, thread: [0-9]{4}, '
  condition: line
---
title: All lines of loggen
id: loggen-all
level: high
correlation:
  type: event_count
  rules: [loggen_line]
  group-by: [host.name]
  timespan: 1h
  condition:
    gte: %d
""" % LINES


def rules():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vakt-clients-"))
    shutil.copy(ROOT / "rules/linux/auth/ssh_password_attacks.yml", folder)
    (folder / "loggen.yml").write_text(LOGGEN_RULE)
    return folder


def logins(address):
    """Failed logins of one address, no two alike."""
    return [f"Failed password for root from {address} port {10000 + i} ssh2" for i in range(LOGINS)]


def write(folder, lines):
    path = folder / "sent.log"
    path.write_text("".join(line + "\n" for line in lines))
    return path


def stop(process, seconds=20):
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise SystemExit(f"FAILED: {process.args[0]} did not stop within {seconds} s")


def check_logins(vakt, address, twice=0):
    """The incident counts all of them, and its evidence is of this host."""
    def counted():
        found = [i for i in vakt.incidents() if i["rule"]["title"] == "SSH Brute Force"
                 and i["group"] == {"source.ip": address}]
        return found if found and found[0]["event_count"] >= LOGINS else None

    found = wait_for(f"the incident of {address} to count all", counted, 30)
    check(len(found) == 1 and found[0]["event_count"] <= LOGINS + twice,
          f"{address}: {[i['event_count'] for i in found]} events, not {LOGINS}")
    _, incident = vakt.api("GET", f"/api/v1/incidents/{found[0]['name']}?evidence=1000")
    sources = {row["source"] for row in incident["evidence"]}
    check(sources == {f"127.0.0.1/{HOST}"}, f"{address}: from {sources}, not {HOST}")


def by_logger(vakt, listener, address, options):
    """`options`: what to add to the command line."""
    path = write(vakt.dir, logins(address))
    before = vakt.listener(listener)["received"]
    subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(vakt.ports[listener]),
                    *options, *AS_SSHD, "--file", str(path)], check=True, timeout=60)
    figures = vakt.at_rest(listener, before + LOGINS)
    check(figures["received"] == before + LOGINS, f"logger {options}: {figures}")
    check_logins(vakt, address)
    print(f"ok    logger {' '.join(options)}: {LOGINS} lines", flush=True)


RFC5424 = 'template="RSYSLOG_SyslogProtocol23Format"'
RFC3164 = 'template="RSYSLOG_TraditionalForwardFormat"'
RSYSLOG = """module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{dir}/log" CreatePath="on" RateLimit.Interval="0"
      UseSysTimeStamp="off")
global(workDirectory="{dir}")
*.* action(type="omfwd" target="127.0.0.1" port="{port}" {options}
           queue.type="LinkedList" queue.size="50000" action.resumeRetryCount="-1"
           action.resumeInterval="1")
"""


def by_rsyslog(vakt, listener, address, options, away=False):
    """A program on a machine writes to its syslog socket; rsyslog passes it on. With `away`, Vakt
    comes later: what waits in rsyslog's queue arrives, and rsyslog may repeat what it tried
    first."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vakt-rsyslog-"))
    (folder / "rsyslog.conf").write_text(RSYSLOG.format(
        dir=folder, port=vakt.ports[listener], options=options))
    before = vakt.listener(listener)["received"]
    if away:
        vakt.stop()
        before = 0
    with open(folder / "rsyslogd.log", "wb") as log:
        process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for("rsyslog's socket", lambda: (folder / "log").exists(), 20)
        path = write(folder, logins(address))
        subprocess.run(["logger", "--socket", str(folder / "log"), *AS_SSHD, "--file", str(path)],
                       check=True, timeout=60)
        if away:
            wait_for("rsyslog to find nobody", lambda: b"cannot connect" in
                     (folder / "rsyslogd.log").read_bytes(), 20)
            vakt.start()
        # rsyslog sends lines about itself as well: at least ours came, and all are accounted for.
        figures = vakt.at_rest(listener, before + LOGINS)
        check(figures["committed"] == figures["received"], f"rsyslog {options}: {figures}")
        check_logins(vakt, address, twice=REPEATED if away else 0)
    finally:
        stop(process)
    late = ", Vakt away at first" if away else ""
    print(f"ok    rsyslog omfwd {options}: {LOGINS} lines{late}", flush=True)


def by_loggen(vakt, listener, options):
    before = vakt.listener(listener)["received"]
    subprocess.run([LOGGEN, "--inet", *options, "--number", str(LINES), "--size", "200", "--quiet",
                    "127.0.0.1", str(vakt.ports[listener])],
                   check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    figures = vakt.at_rest(listener, before + LINES)
    check(figures["received"] == figures["committed"] == before + LINES, f"{options}: {figures}")
    print(f"ok    loggen {' '.join(options)}: {LINES} lines", flush=True)


def dump(vakt):
    out = subprocess.run([VAKT, "store", "dump", "--json", str(vakt.dir / "data")],
                         capture_output=True, text=True, check=True)
    return [json.loads(line)["raw"] for line in out.stdout.split("\n")[:-1]]


def audit_logins(stored, addresses, away):
    """Every line of every client exactly once, by its port; `away`: at least once."""
    found = (re.search(r" from (\S+) port (\d+) ssh2$", raw) for raw in stored)
    seen = collections.Counter(match.groups() for match in found if match)
    wanted = {(a, str(10000 + i)) for a in addresses for i in range(LOGINS)}
    check(set(seen) == wanted, f"missing: {sorted(wanted - set(seen))[:5]}, "
                               f"never sent: {sorted(set(seen) - wanted)[:5]}")
    twice = [key for key in seen if seen[key] != 1 and key[0] != away]
    check(not twice, f"{len(twice)} lines are there more than once: {twice[:5]}")


def with_logger_and_rsyslog():
    listeners = [{"name": "udp", "type": "udp"}, {"name": "tcp", "type": "tcp"},
                 {"name": "lf", "type": "tcp", "framing": "lf"},
                 {"name": "octet", "type": "tcp", "framing": "octet"}]
    ways = []
    with Daemon(listeners, rules()) as vakt:
        for listener, options in (
                ("tcp", ["--tcp", "--rfc5424"]), ("tcp", ["--tcp", "--rfc3164"]),
                ("tcp", ["--tcp", "--rfc5424", "--octet-count"]),
                ("octet", ["--tcp", "--rfc3164", "--octet-count"]), ("lf", ["--tcp"]),
                ("udp", ["--udp", "--rfc5424"]), ("udp", ["--udp", "--rfc3164"])):
            ways.append(f"203.0.113.{len(ways) + 1}")
            by_logger(vakt, listener, ways[-1], options)
        for listener, options in (
                ("tcp", f'protocol="tcp" TCP_Framing="octet-counted" {RFC5424}'),
                ("tcp", f'protocol="tcp" TCP_Framing="traditional" {RFC5424}'),
                ("octet", f'protocol="tcp" TCP_Framing="octet-counted" {RFC3164}'),
                ("lf", f'protocol="tcp" TCP_Framing="traditional" {RFC3164}'),
                ("tcp", 'protocol="tcp" template="RSYSLOG_ForwardFormat"'),
                ("udp", f'protocol="udp" {RFC3164}')):
            ways.append(f"198.51.100.{len(ways) + 1}")
            by_rsyslog(vakt, listener, ways[-1], options)
        away = "192.0.2.1"
        ways.append(away)
        by_rsyslog(vakt, "tcp", away, f'protocol="tcp" {RFC5424}', away=True)
        for name in vakt.ports:
            vakt.at_rest(name)
    audit_logins(dump(vakt), ways, away)
    print(f"ok    {len(ways)} ways, {len(ways) * LOGINS} lines accounted for", flush=True)


def with_loggen():
    """A daemon each: which connection a sequence number came from is not in it."""
    for kind, options in (("tcp", ["--stream", "--rate", "5000"]),
                          ("tcp", ["--stream", "--rate", "5000", "--syslog-proto"]),
                          ("tcp", ["--stream", "--rate", "5000", "--syslog-proto", "--no-framing"]),
                          ("udp", ["--dgram", "--rate", str(SLOW)])):
        with Daemon([{"name": "in", "type": kind, "logsource": {"product": "loggen"}}],
                    rules()) as vakt:
            by_loggen(vakt, "in", options)
            found = wait_for("loggen's incident", vakt.incidents, 30)
            check([i["event_count"] for i in found] == [LINES] and
                  found[0]["group"] == {"host.name": "localhost"},
                  f"loggen {options}: all lines parsed: {found}")
        seen = collections.Counter(
            int(match[1]) for match in (re.search(r"seq: (\d{10}),", raw) for raw in dump(vakt)))
        check(seen == collections.Counter(range(LINES)),
              f"loggen {options}: {LINES - len(seen)} sequence numbers are missing, "
              f"{sum(n > 1 for n in seen.values())} are there twice")


def main():
    start = time.monotonic()
    with_logger_and_rsyslog()
    if os.access(LOGGEN, os.X_OK):
        with_loggen()
    else:
        print(f"left out: loggen is not at {LOGGEN} (deploy/packages.sh loggen)", flush=True)
    print(f"ok    clients ({time.monotonic() - start:.1f} s)", flush=True)


main()
