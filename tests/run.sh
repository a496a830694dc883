#!/usr/bin/env bash
# Builds and tests Vakt in every way that a commit has to pass. `tests/run.sh --help` explains.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
  cat <<'TEXT'
Usage: tests/run.sh [--quick] [--only STEP]... [--jobs N] [--list]

Installs what is missing, builds, and runs every kind of test. Needs nothing but Debian 12.

  --quick      build and unit tests only: what to run after every change
  --only STEP  that step and what it depends on; may be repeated
  --jobs N     parallel jobs (default: the number of cores)
  --list       the steps, with what each proves

Environment:
  VAKT_TEST_DATA     real logs and rules; tests that need them are skipped when there are none
                     (default: ../shared/data)
  VAKT_FUZZ_SECONDS  time for each fuzzer (default 10)

Each step writes build/logs/STEP.log. After a failure, its end is shown; to repeat that step:
  tests/run.sh --only asan
To run one test of one folder:
  build/test_framing --gtest_filter='*octet*'
To let a golden test write what it got:
  UPDATE=1 build/vakt rules test rules/

The last line is "N passed, N failed", counting steps, test cases and end-to-end scripts; the exit
status is 0 only when nothing failed.
TEXT
}

# name, steps it needs, time limit in seconds, what it proves
readonly STEPS=(
  "packages||1200|the machine has what is needed"
  "build|packages|2400|g++ builds everything without a warning"
  "unit|build|1200|unit, scenario and simulation tests, and tests/tidy"
  "tidy|packages|120|the style checks themselves can fail"
  "format|packages|120|clang-format finds nothing to change"
  "e2e|build|1500|the daemon as a whole, with real clients"
  "asan|packages|2400|the same tests without a memory error or undefined behaviour"
  "tsan|packages|2400|the tests with threads without a data race"
  "clang|packages|1500|clang builds the library and the fuzzers without a warning"
  "fuzz|clang|900|fuzzers find nothing in a short time"
  "lint|clang|600|clang-tidy finds no bug in lib"
)
readonly QUICK=(packages build unit)

jobs=$(nproc)
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
export VAKT_TEST_DATA=${VAKT_TEST_DATA:-$(dirname "$PWD")/shared/data}
export CTEST_OUTPUT_ON_FAILURE=1 GTEST_BRIEF=0 GTEST_COLOR=no

# Steps: each runs in a shell of its own with `set -e`, its output going to its log. A line
# "COUNT passed failed skipped" adds to the result, a line "NOTE text" goes to the summary.

configure() {  # folder, then options for cmake
  local folder=$1
  shift
  cmake -S . -B "$folder" -G Ninja "$@"
}

targets_of() {  # folder, extended expression
  ninja -C "$1" -t targets all | grep -oE "^($2): " | cut -d: -f1
}

# Builds the named test binaries of a folder, or all of them, and nothing else.
build_tests() {
  local targets
  targets=$(targets_of "$1" "test_(${2:-[a-z0-9_]+})")
  # shellcheck disable=SC2086  # one word a target
  ninja -C "$1" -j "$jobs" -k 0 $targets
}

run_ctest() {  # folder, then options for ctest; counts test cases
  local folder=$1 out status=0
  shift
  out=$(mktemp)
  ctest --test-dir "$folder" -j "$jobs" -V --no-tests=error "$@" >"$out" 2>&1 || status=$?
  cat "$out"
  awk '
    / \[  PASSED  \] [0-9]+ test/ { passed += $5 }
    / \[  FAILED  \] [0-9]+ test/ { failed += $5 }
    / \[  SKIPPED \] [0-9]+ test/ { skipped += $5 }
    / tests failed out of / { broken = $4; all = $NF }
    END {
      if (failed < broken) failed = broken
      print "COUNT", passed + 0, failed + 0, skipped + 0
      print "NOTE", all + 0, "binaries and scripts,", passed + 0, "cases passed," \
        (skipped ? " " skipped " skipped," : ""), failed + 0, "failed"
    }' "$out"
  rm -f "$out"
  return $status
}

step_packages() {
  if [ -n "${VAKT_QUICK:-}" ]; then
    deploy/packages.sh build
  else
    deploy/packages.sh build runtime test loggen
  fi
}

step_build() {
  configure build
  ninja -C build -j "$jobs" -k 0
}

step_unit() { run_ctest build; }

step_tidy() { python3 tests/tidy/tidy_test.py; }

step_format() {
  local files
  files=$(find lib daemon tests bench -name '*.cc' -o -name '*.h' | sort)
  # shellcheck disable=SC2086
  clang-format-14 --dry-run -Werror $files || {
    echo "to repair: clang-format-14 -i \$(find lib daemon tests bench -name '*.cc' -o -name '*.h')"
    return 1
  }
}

step_e2e() {
  local script name passed=0 failed=0 skipped=0 start
  [ -x build/vakt ] || { echo "build/vakt is missing: tests/run.sh --only build"; return 1; }
  export VAKT_BIN=$PWD/build/vakt LOGGEN
  LOGGEN=$(deploy/packages.sh loggen)
  for script in tests/e2e/*.sh; do
    [ -e "$script" ] || { echo "tests/e2e holds no script"; return 1; }
    name=$(basename "$script" .sh)
    start=$SECONDS
    if timeout -k 10 300 bash "$script" >"build/logs/e2e-$name.log" 2>&1 </dev/null; then
      if head -n 1 "build/logs/e2e-$name.log" | grep '^skipped'; then
        skipped=$((skipped + 1))
      else
        passed=$((passed + 1))
        echo "ok    $name ($((SECONDS - start)) s)"
      fi
    else
      failed=$((failed + 1))
      echo "FAIL  $name ($((SECONDS - start)) s), build/logs/e2e-$name.log ends:"
      tail -n 25 "build/logs/e2e-$name.log" | sed 's/^/      /'
    fi
  done
  echo "COUNT $passed $failed $skipped"
  echo "NOTE $passed scripts passed, $skipped skipped, $failed failed"
  [ $failed = 0 ]
}

# -O1 halves the compile time of a sanitizer build and keeps its stacks readable.
step_asan() {
  configure build/asan -DCMAKE_BUILD_TYPE=Sanitize \
    -DCMAKE_CXX_FLAGS_SANITIZE="-O1 -g1 -D_GLIBCXX_ASSERTIONS" \
    -DVAKT_SANITIZE=address,undefined -DVAKT_BENCH=OFF
  build_tests build/asan
  export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1
  run_ctest build/asan -E '^tidy$'
}

# lib has no threads: only what runs on several, or passes from one to another, is worth the time.
# The tests of store have no threads but RocksDB's, which are not instrumented; those of daemon
# share a store.
step_tsan() {
  configure build/tsan -DCMAKE_BUILD_TYPE=Sanitize -DCMAKE_CXX_FLAGS_SANITIZE="-O1 -g1" \
    -DVAKT_SANITIZE=thread -DVAKT_BENCH=OFF
  local threaded='daemon|engine|sim|match|event'
  build_tests build/tsan "($threaded)"
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp
  run_ctest build/tsan -R "^($threaded)\$"
}

step_clang() {
  configure build/clang -DCMAKE_CXX_COMPILER=clang++-14 -DVAKT_FUZZ=ON -DVAKT_DAEMON=OFF \
    -DVAKT_BENCH=OFF
  local targets
  targets=$(targets_of build/clang 'vakt_[a-z]+|[a-z0-9_]+_fuzz')
  # shellcheck disable=SC2086
  ninja -C build/clang -j "$jobs" -k 0 $targets
}

# Seeds of x_fuzz lie in tests/fuzz/seeds/x/, its dictionary is tests/fuzz/x.dict. What a run finds
# beyond the seeds is kept in build/fuzz/x for the next run.
step_fuzz() {
  local source name passed=0 failed=0 executions=0 options log
  for source in tests/fuzz/*_fuzz.cc; do
    [ -e "$source" ] || { echo "tests/fuzz holds no fuzzer"; return 1; }
    name=$(basename "$source" _fuzz.cc)
    log=build/logs/fuzz-$name.log
    mkdir -p "build/fuzz/$name"
    options=(-max_total_time="${VAKT_FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=3000 -max_len=8192
      -print_final_stats=1 -artifact_prefix="build/fuzz/$name-found-")
    [ ! -f "tests/fuzz/$name.dict" ] || options+=(-dict="tests/fuzz/$name.dict")
    options+=("build/fuzz/$name")
    [ ! -d "tests/fuzz/seeds/$name" ] || options+=("tests/fuzz/seeds/$name")
    if "build/clang/${name}_fuzz" "${options[@]}" >"$log" 2>&1; then
      passed=$((passed + 1))
      executions=$(awk '/number_of_executed_units/ { print $2 }' "$log")
      echo "ok    $name: $executions inputs"
    else
      failed=$((failed + 1))
      echo "FAIL  $name, $log ends:"
      tail -n 40 "$log"
    fi
  done
  echo "COUNT $passed $failed 0"
  echo "NOTE $passed of $((passed + failed)) fuzzers found nothing"
  [ $failed = 0 ]
}

# clang-tidy is slow: files it passed once are not read again while they, their headers (by the
# preprocessed text) and the checks stay the same.
step_lint() {
  local files left
  mkdir -p build/lint
  rm -f build/lint/seen-*
  files=$(find lib -name '*.cc' | sort)
  export -f lint_one
  # shellcheck disable=SC2086
  printf '%s\n' $files | timeout 560 xargs -P "$jobs" -n 1 bash -c 'lint_one "$1"' _ || {
    [ $? = 124 ] || return 1
    left=$(($(wc -w <<<"$files") - $(find build/lint -name 'seen-*' | wc -l)))
    echo "NOTE out of time, $left files not read"
  }
}

lint_one() {
  local key
  key=$(
    {
      cat .clang-tidy
      clang++-14 -std=c++20 -Ilib -E -P "$1" || date +%N
    } 2>/dev/null | sha256sum | cut -c1-32
  )
  if [ ! -e "build/lint/$key" ]; then
    clang-tidy-14 --quiet -p build/clang "$1" 2>&1 | grep -v ' warnings\? generated\.$'
    [ "${PIPESTATUS[0]}" = 0 ] || return 1
    touch "build/lint/$key"
  fi
  touch "build/lint/seen-${1//\//_}"
}

# The run ------------------------------------------------------------------------------------------

started=$SECONDS
clock() { printf '%02d:%02d' $(($1 / 60)) $(($1 % 60)); }
say() { printf '[%s] %s\n' "$(clock $((SECONDS - started)))" "$*"; }

step_field() {  # step, field (2 needs, 3 limit, 4 what it proves)
  local row
  for row in "${STEPS[@]}"; do
    [ "${row%%|*}" != "$1" ] || { echo "$row" | cut -d'|' -f"$2"; return 0; }
  done
  return 1
}

show_failure() {  # step, log
  echo "----- $1 failed; $2 ends:"
  # Compilers' and tests' own words, which a long log buries, then its end.
  grep -nE 'error:|Error:|ERROR: |FAILED:|\[  FAILED  \]|Failure$|runtime error' "$2" | head -n 25
  echo "..."
  tail -n 40 "$2"
  echo "----- the whole of it: $2; to repeat: tests/run.sh --only $1"
}

declare -A state=() took=() note=()
passed=0
failed=0

run_step() {
  local name=$1 log=build/logs/$1.log start=$SECONDS need status=0 p f s
  [ -z "${state[$name]:-}" ] || return 0
  for need in $(step_field "$name" 2); do
    run_step "$need"
    if [ "${state[$need]}" != ok ]; then
      state[$name]="not run"
      note[$name]="needs $need"
      failed=$((failed + 1))
      return 0
    fi
  done
  start=$SECONDS
  say "$name: $(step_field "$name" 4)"
  timeout -k 30 "$(step_field "$name" 3)" bash tests/run.sh --run-step "$name" --jobs "$jobs" \
    >"$log" 2>&1 </dev/null || status=$?
  took[$name]=$((SECONDS - start))
  while read -r _ p f s; do
    passed=$((passed + p))
    failed=$((failed + f))
  done < <(grep -E '^COUNT [0-9]+ [0-9]+ [0-9]+$' "$log")
  note[$name]=$(sed -n 's/^NOTE //p' "$log" | tail -n 1)
  if [ $status = 0 ]; then
    state[$name]=ok
    passed=$((passed + 1))
  else
    state[$name]=FAILED
    failed=$((failed + 1))
    [ $status != 124 ] || note[$name]="over its limit of $(step_field "$name" 3) s"
    show_failure "$name" "$log"
  fi
  say "$name: ${state[$name]} in $(clock "${took[$name]}")${note[$name]:+ (${note[$name]})}"
}

summary() {
  local row name
  echo
  printf '%-10s %-8s %6s  %s\n' step result time notes
  for row in "${STEPS[@]}"; do
    name=${row%%|*}
    [ -n "${state[$name]:-}" ] || continue
    printf '%-10s %-8s %6s  %s\n' "$name" "${state[$name]}" "$(clock "${took[$name]:-0}")" \
      "${note[$name]}"
  done
  printf '%-10s %-8s %6s\n' all "" "$(clock $((SECONDS - started)))"
  echo
  echo "$passed passed, $failed failed"
}

main() {
  local chosen=() run_step_name='' row
  while [ $# -gt 0 ]; do
    case $1 in
      --quick) export VAKT_QUICK=1 && chosen+=("${QUICK[@]}") ;;
      --only)
        step_field "${2:-}" 1 >/dev/null || { echo "no step '${2:-}'; see --list" >&2; return 2; }
        chosen+=("$2") && shift
        ;;
      --jobs) jobs=${2:?--jobs needs a number} && shift ;;
      --list)
        for row in "${STEPS[@]}"; do
          printf '%-10s %s\n' "${row%%|*}" "$(step_field "${row%%|*}" 4)"
        done
        return 0
        ;;
      --run-step) run_step_name=${2:?} && shift ;;
      -h | --help) usage && return 0 ;;
      *) echo "unknown option '$1'; see --help" >&2 && return 2 ;;
    esac
    shift
  done
  if [ -n "$run_step_name" ]; then
    set -e
    "step_$run_step_name"
    return
  fi
  mkdir -p build/logs
  if [ ${#chosen[@]} = 0 ]; then
    for row in "${STEPS[@]}"; do chosen+=("${row%%|*}"); done
  fi
  local step
  for step in "${chosen[@]}"; do run_step "$step"; done
  summary
  [ $failed = 0 ]
}

main "$@"
