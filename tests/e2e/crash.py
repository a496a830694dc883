"""kill -9 at random moments.

One in-order client that retries what was not acknowledged, with Idempotency-Keys: the incidents
are the golden ones. Eight clients in parallel: every acknowledged event is stored exactly once.
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


def main():
    print(f"seed {SEED}", flush=True)
    golden = Golden()
    one_client(golden)
    eight_clients(golden)


main()
