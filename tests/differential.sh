#!/usr/bin/env bash
# The matcher against the reference evaluator, on random rules and events: the long run of the unit
# test. `tests/differential.sh --help` explains.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seeds=80000
case ${1:-} in
  -h | --help)
    cat <<'TEXT'
Usage: tests/differential.sh [SEEDS]

Runs SEEDS random rule sets against random events through both engines of lib/match (80000: more
than 10 million pairs of a rule and an event). Prints how many pairs there were; fails at the first
difference, with the seed, the rule and the event. Needs a build (tests/run.sh --only build).
TEXT
    exit 0
    ;;
  '') ;;
  *) seeds=$1 ;;
esac
[ -x build/test_match ] || {
  echo "build/test_match is missing: tests/run.sh --only build" >&2
  exit 1
}
VAKT_DIFFERENTIAL_SEEDS=$seeds exec build/test_match \
  --gtest_filter=Differential.BothEnginesAgreeOnRandomRules
