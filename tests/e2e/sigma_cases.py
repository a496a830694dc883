"""The public Sigma rules against labelled events: `vakt rules match`, both engines.

Every labelled case (does this rule match this event?) and every golden event (which of all rules
match it?) must come out as labelled. A label of null means that content routes the event.
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

from vakt_e2e import VAKT, check, need_data

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance")
RULES_SHOWN = 40


def unpack(source, target):
    with open(target, "wb") as out:
        subprocess.run(["zstd", "-dc", source], stdout=out, check=True)
    with open(target, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def match(rules, events):
    """The set of matching rule ids of each line, and the exit status."""
    command = [VAKT, "rules", "match", "--engine", "both", "--json", "--event-field", "event",
               "--logsource-field", "logsource"]
    for folder in FOLDERS:
        command += ["--rules", str(rules / folder)]
    done = subprocess.run([*command, str(events)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer in answers:
        for kind in ("error", "difference"):
            if kind in answer:
                print(f"line {answer['line']}: {kind}: {answer[kind]}")
    # Rules with placeholders cannot run before somebody fills them in.
    refused = [line for line in done.stderr.splitlines()
               if ": error: " in line and "placeholder" not in line]
    for line in done.stderr.splitlines()[-2:]:
        print("      " + line)
    return [set(answer["rules"]) for answer in answers], done.returncode, refused


class Verdict:
    """Mismatches by rule."""

    def __init__(self):
        self.wrong = collections.defaultdict(collections.Counter)
        self.checked = 0

    def add(self, rule, expected, got, what):
        self.checked += 1
        if expected != got:
            self.wrong[rule][("missed " if expected else "false match, ") + what] += 1

    def tell(self, name):
        wrong = sum(sum(kinds.values()) for kinds in self.wrong.values())
        print(f"{'ok   ' if not wrong else 'FAIL '} {name}: {self.checked} expectations, "
              f"{wrong} not met, by {len(self.wrong)} rules", flush=True)
        order = sorted(self.wrong, key=lambda rule: -sum(self.wrong[rule].values()))
        for rule in order[:RULES_SHOWN]:
            kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self.wrong[rule].items()))
            print(f"      {rule}: {kinds}")
        if len(order) > RULES_SHOWN:
            print(f"      and {len(order) - RULES_SHOWN} more rules")
        return wrong == 0


def check_cases(cases, answers):
    verdict = Verdict()
    for case, got in zip(cases, answers):
        what = case["kind"] + ("" if case["logsource"] else " by content")
        verdict.add(case["rule_id"], case["expect"], case["rule_id"] in got, what)
    return verdict.tell("cases")


def check_golden(golden, answers, known):
    verdict = Verdict()
    for event, got in zip(golden, answers):
        for rule in set(event["rules"]) | (got & known):
            verdict.add(rule, rule in event["rules"], rule in got, event["format"])
    return verdict.tell("golden events")


def main():
    sigma = need_data("sigma")
    with tempfile.TemporaryDirectory(prefix="vakt-sigma-") as name:
        folder = pathlib.Path(name)
        subprocess.run(["tar", "--zstd", "-xf", sigma / "sigma-rules.tar.zst", "-C", folder],
                       check=True)
        rules = next(p.parent for p in sorted(folder.rglob("rules-compliance")))
        ok = True
        known = set()
        for kind in ("cases", "golden"):
            events = folder / f"{kind}.jsonl"
            labelled = unpack(sigma / f"{kind}_public.jsonl.zst", events)
            answers, status, refused = match(rules, events)
            check(len(answers) == len(labelled), f"{len(answers)} answers to {len(labelled)} lines")
            if kind == "cases":
                known = {case["rule_id"] for case in labelled}
                ok = check_cases(labelled, answers) and ok
                print(f"{'ok   ' if not refused else 'FAIL '} refused rules: {len(refused)}")
                for line in refused[:RULES_SHOWN]:
                    print("      " + line)
                ok = ok and not refused
            else:
                ok = check_golden(labelled, answers, known) and ok
            print(f"{'ok   ' if status == 0 else 'FAIL '} engines agree, every line read: "
                  f"exit status {status}", flush=True)
            ok = ok and status == 0
    sys.exit(0 if ok else 1)


main()
