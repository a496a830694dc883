"""SIGTERM under load.

Nothing new is accepted, what was received is committed, exit 0 within 10 s; what HTTP acknowledged
is there after the restart, and incidents survive it."""

import json
import subprocess
import threading
import time

from vakt_e2e import VAKT, Daemon, Golden, check, ndjson, post_events, send_tcp


def main():
    golden = Golden()
    vakt = Daemon([{"name": "lf", "type": "tcp", "year": 2017}], golden.rules,
                  api_events={"year": 2017}).start()
    acknowledged = [0]

    def client():
        try:
            for i in range(0, len(golden.lines), 50):
                status, _ = post_events(vakt.api_port, ndjson(golden.lines[i:i + 50]))
                if status != 200:
                    return
                acknowledged[0] += len(golden.lines[i:i + 50])
        except Exception:
            return  # it was stopped under us

    thread = threading.Thread(target=client)
    thread.start()
    while acknowledged[0] < 3000:
        time.sleep(0.005)
    start = time.monotonic()
    vakt.stop(10)
    seconds = time.monotonic() - start
    thread.join()
    out = subprocess.run([VAKT, "store", "dump", "--json", str(vakt.dir / "data")],
                         capture_output=True, text=True, check=True)
    stored = len(out.stdout.split("\n")[:-1])
    check(stored >= acknowledged[0], f"{stored} stored, {acknowledged[0]} acknowledged")
    vakt.start()
    before = len(vakt.incidents())
    check(before > 0, "incidents are there after the restart")
    status, answer = vakt.api("POST", f"/api/v1/incidents/{vakt.incidents()[0]['name']}/actions",
                              {"action": "ack", "actor": "anna"})
    check(status == 200 and answer["state"] == "acknowledged", f"{status} {answer}")
    vakt.kill()
    vakt.start()
    check(vakt.incidents()[0]["state"] == "acknowledged", "an acknowledgement survives kill -9")
    check(len(vakt.incidents()) == before, "no incident was lost or made twice")
    vakt.stop(10)
    print(f"ok    stopped in {seconds:.1f} s, {acknowledged[0]} acknowledged, {stored} stored")


main()
