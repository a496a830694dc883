"""kill -9 at random moments.

One in-order client that retries what was not acknowledged, with Idempotency-Keys: the incidents
are the golden ones. Eight clients in parallel: every acknowledged event is stored exactly once.
People who work on incidents, users and tokens meanwhile: incident, timeline and audit log agree.
VAKT_KILLS sets how often (5; the long run: 50)."""

import collections
import json
import os
import random
import subprocess
import threading
import time

from vakt_e2e import VAKT, Daemon, Golden, check, ndjson, post_events, wait_for

KILLS = int(os.environ.get("VAKT_KILLS", "5"))
SEED = int(os.environ.get("VAKT_SEED", str(random.SystemRandom().randrange(1 << 32))))
chance = random.Random(SEED)


def post_until_acknowledged(vakt, body, key, deadline):
    """What a careful shipper does: the same request again until somebody says 200."""
    attempts = 0
    while time.monotonic() < deadline:
        attempts += 1
        try:
            status, answer = post_events(vakt.api_port, body, key)
        except OSError:
            time.sleep(0.01)
            continue
        except Exception as broken:  # an answer cut off in the middle
            check("http.client" in type(broken).__module__, f"unexpected {broken!r}")
            continue
        if status == 200:
            return attempts
        check(status in (429, 503), f"{status} {answer}")
        time.sleep(0.02)
    raise SystemExit("FAILED: not acknowledged in time")


class Killer(threading.Thread):
    """Kills and restarts the daemon when the clients have come so far, plus a random moment."""

    def __init__(self, vakt, progress, total):
        super().__init__(daemon=True)
        self.vakt, self.progress = vakt, progress
        self.moments = sorted(chance.sample(range(total), KILLS))
        self.kills = 0
        self.failure = None

    def run(self):
        try:
            for moment in self.moments:
                wait_for(f"progress {moment}", lambda: self.progress() >= moment, 300)
                time.sleep(chance.uniform(0, 0.01))
                self.vakt.kill()
                self.kills += 1
                self.vakt.start()
        except SystemExit as failure:
            self.failure = failure


def one_client(golden):
    vakt = Daemon([], golden.rules, api_events={"year": 2017}).start()
    lines, done, retried = golden.lines, [0], 0
    batches = [ndjson(lines[i:i + 20]) for i in range(0, len(lines), 20)]
    killer = Killer(vakt, lambda: done[0], len(batches))
    killer.start()
    deadline = time.monotonic() + 60 + 10 * KILLS
    for i, batch in enumerate(batches):
        retried += post_until_acknowledged(vakt, batch, f"batch-{i}", deadline) > 1
        done[0] = i + 1
    killer.join(60)
    check(killer.failure is None and killer.kills == KILLS,
          f"{killer.kills} kills: {killer.failure}")
    vakt.at_rest("http")
    golden.compare(vakt.incidents())
    vakt.stop()
    stored = collections.Counter(raw for raw in dump(vakt))
    sent = collections.Counter(json.dumps({"message": l.decode()}) for l in lines)
    check(stored == sent, f"stored and sent differ: {(stored - sent) + (sent - stored)}")
    print(f"ok    one in-order client, {KILLS} kills, {retried} requests sent again", flush=True)


def dump(vakt):
    out = subprocess.run([VAKT, "store", "dump", "--json", str(vakt.dir / "data")],
                         capture_output=True, text=True, check=True)
    return [json.loads(line)["raw"] for line in out.stdout.split("\n")[:-1]]


def eight_clients(golden):
    vakt = Daemon([], golden.rules).start()
    requests, per_request = 60, 10
    progress = [0] * 8
    acknowledged = [[] for _ in range(8)]
    failures = []
    deadline = time.monotonic() + 60 + 10 * KILLS

    def client(c):
        try:
            for r in range(requests):
                lines = [f"client {c} request {r} event {e}" for e in range(per_request)]
                body = "".join(json.dumps({"message": l}) + "\n" for l in lines).encode()
                post_until_acknowledged(vakt, body, f"client-{c}-{r}", deadline)
                acknowledged[c] += lines
                progress[c] = r + 1
        except SystemExit as failure:
            failures.append(failure)

    killer = Killer(vakt, lambda: sum(progress), 8 * requests)
    killer.start()
    clients = [threading.Thread(target=client, args=(c,)) for c in range(8)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    killer.join(60)
    check(not failures and killer.failure is None, f"{failures} {killer.failure}")
    vakt.stop()
    stored = collections.Counter(json.loads(raw)["message"] for raw in dump(vakt))
    everything = [line for lines in acknowledged for line in lines]
    check(len(everything) == 8 * requests * per_request, "every request was acknowledged")
    wrong = {line: stored[line] for line in everything if stored[line] != 1}
    check(not wrong, f"{len(wrong)} acknowledged events not stored exactly once: {wrong}")
    check(sum(stored.values()) == len(everything), "nothing else was stored")
    print(f"ok    eight clients, {KILLS} kills, {len(everything)} events once each", flush=True)


def changes(i, numbers):
    """Some change of every kind, each with a text of its own."""
    text = f"change {i}"
    incident = f"/api/v1/incidents/{chance.choice(numbers)}/actions"
    other = f"INC-{chance.choice(numbers)}"
    action = chance.choice([
        {"action": "note"}, {"action": "ack", "until": "2100-01-01T00:00:00Z"},
        {"action": "contain"}, {"action": "close", "disposition": "true_positive"},
        {"action": "reopen"}, {"action": "merge", "into": other}, {"action": "unmerge"},
        {"action": "set", "facts": {"services": {"add": [text]}}},
        {"action": "set", "facts": {"caused_by": {"add": [other]}}},
        {"action": "set", "facts": {"significant": chance.choice(["yes", "no"])}},
    ])
    return chance.choice([
        ("POST", incident, {**action, "actor": "ada", "text": text}),
        ("POST", incident, {"action": "note", "actor": "ada", "text": text}),
        ("POST", "/api/v1/users", {"name": f"u{i}", "display_name": text, "roles": ["viewer"]}),
        ("PATCH", f"/api/v1/users/u{i - 1}", {"roles": ["analyst", "reporter"]}),
        ("POST", "/api/v1/tokens",
         {"name": text, "owner": "boss", "scopes": ["read-incidents"]}),
    ])


def people_at_the_desk(golden):
    vakt = Daemon([], golden.rules, api_events={"year": 2017}).start()
    post_events(vakt.api_port, ndjson(golden.lines), "all")
    numbers = [incident["number"] for incident in vakt.incidents()][:8]
    check(vakt.api("POST", "/api/v1/users", {"name": "boss", "roles": ["admin"]})[0] == 200, "boss")
    done, said = [0], []
    killer = Killer(vakt, lambda: done[0], 300)
    killer.start()
    while done[0] < 300:
        i = done[0]
        method, path, body = changes(i, numbers)
        try:
            status, _ = vakt.api(method, path, body)
        except Exception:  # killed in the middle: it may have been committed, or not
            wait_for("the daemon", lambda: vakt.process.poll() is None and quiet_ready(vakt))
            status = 0
        check(status in (0, 200, 400, 404, 409, 503), f"{method} {path} {body}: {status}")
        if status == 200 and "incidents" in path:
            said.append(f"change {i}")
        done[0] = i + 1
    killer.join(60)
    check(killer.failure is None and killer.kills == KILLS, f"{killer.kills}: {killer.failure}")
    compare_with_audit(vakt, numbers, said)
    vakt.stop()
    for command in (["audit", "verify", "--store", str(vakt.dir / "data")],
                    ["store", "check", str(vakt.dir / "data")]):
        out = subprocess.run([VAKT, *command], capture_output=True, text=True, check=False)
        check(out.returncode == 0, f"{command}: {out.stdout} {out.stderr}")
    print(f"ok    people at the desk, {KILLS} kills, {len(said)} changes kept", flush=True)


def quiet_ready(vakt):
    try:
        return vakt.get("/-/ready")[0] == 200
    except OSError:
        return False


def compare_with_audit(vakt, numbers, said):
    """Each timeline entry is in the audit log once, and nothing acknowledged is missing."""
    entries, start = collections.Counter(), 0
    while start is not None:
        status, page = vakt.api("GET", f"/api/v1/audit/entries?limit=1000&from={start}")
        check(status == 200, f"{status} {page}")
        entries.update((e["subject"], json.loads(e["payload"]).get("text"))
                       for e in page["entries"] if e["action"].startswith("incident."))
        start = page["next_from"]
    texts = collections.Counter()
    every = [vakt.api("GET", f"/api/v1/incidents/{n}?evidence=0")[1] for n in numbers]
    for incident in every:
        texts.update((incident["id"], entry["text"]) for entry in incident["timeline"])
    ids = {incident["id"] for incident in every}
    of_these = collections.Counter({k: n for k, n in entries.items() if k[0] in ids})
    differences = (of_these - texts) + (texts - of_these)
    check(not differences, f"audit and timeline differ: {differences}")
    missing = [t for t in said if not any(text.endswith(t) for _, text in texts)]
    check(not missing, f"acknowledged and gone: {missing}")
    status, verdict = vakt.api("POST", "/api/v1/audit/verify")
    check(status == 200 and verdict["whole"], f"{status} {verdict}")


def main():
    print(f"seed {SEED}", flush=True)
    golden = Golden()
    one_client(golden)
    eight_clients(golden)
    people_at_the_desk(golden)


main()
