#!/usr/bin/env bash
# Builds, makes the corpora, and compares Vakt with the straw man. `bench/run.sh --help` explains.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: bench/run.sh [--quick] [--no-build] [CASE...]

Runs the straw man and Vakt on the same log, in turns, and prints medians and ratios. A run whose
counts differ from what the corpus is known to hold makes the comparison fail.

Cases (default: replay serve auth):
  replay   the log read from a file: `bench_straw_man --file` and `vakt replay`
  serve    the log sent over loopback TCP: `bench_straw_man --port` and `vakt serve`, storage on
  auth     as replay, on a log of sshd, sudo and su only, every line of which is decoded
  windows  Windows events as JSON lines with 100, 1,000 and all public Sigma rules, by stage,
           against parsing and scanning the same columns alone; needs VAKT_TEST_DATA
  scale    replay with 100 and with 15,000 rules

  --quick      200,000 lines and one round, to see that everything works
  --no-build   take the binaries of build/ as they are

Environment:
  VAKT_BENCH_LINES   lines of the log (2000000)
  VAKT_BENCH_ROUNDS  rounds (5)
  VAKT_TEST_DATA     folder with sigma/sigma-rules.tar.zst and windows_events_sample.jsonl.zst
                     (../shared/data)
  VAKT_CACHE_DIR     where the corpora are kept (${XDG_CACHE_HOME:-~/.cache}/vakt)

The stages one by one: build/bench_parse, build/bench_match, ... (Google Benchmark: --help).
TEXT
}

lines=${VAKT_BENCH_LINES:-2000000}
rounds=${VAKT_BENCH_ROUNDS:-5}
cache=${VAKT_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/vakt}/bench
build=yes
cases=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) lines=200000 rounds=1 ;;
    --no-build) build=no ;;
    -h | --help) usage && exit 0 ;;
    replay | serve | auth | windows | scale) cases+=("$1") ;;
    *) echo "unknown argument '$1'; see --help" >&2 && exit 2 ;;
  esac
  shift
done
[ ${#cases[@]} -gt 0 ] || cases=(replay serve auth)

if [ $build = yes ]; then
  deploy/packages.sh build
  cmake -S . -B build -G Ninja >/dev/null
  ninja -C build vakt bench_corpus bench_send bench_straw_man bench_windows
fi
for binary in vakt bench_corpus bench_send bench_straw_man bench_windows; do
  [ -x build/$binary ] || { echo "build/$binary is missing: run without --no-build" >&2; exit 1; }
done

# A corpus is made again when its options or its generator change.
corpus() {  # name, options of bench_corpus
  local folder=$cache/$1 key
  shift
  key="$* $(sha256sum build/bench_corpus | cut -c1-16)"
  if [ "$(cat "$folder/key" 2>/dev/null)" != "$key" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    build/bench_corpus --out "$folder" "$@"
    echo "$key" >"$folder/key"
  fi
  echo "$folder"
}

failed=0
compare() {  # case, corpus
  python3 bench/compare.py --build build --rounds "$rounds" "$@" || failed=1
}
windows() {
  local data=${VAKT_TEST_DATA:-../shared/data}/sigma folder=$cache/windows
  [ -d "$data" ] || { echo "no $data: set VAKT_TEST_DATA" >&2; return 1; }
  rm -rf "$folder"
  mkdir -p "$folder"
  tar --zstd -xf "$data/sigma-rules.tar.zst" -C "$folder"
  zstd -qdf "$data/windows_events_sample.jsonl.zst" -o "$folder/events.jsonl"
  local rules=()
  for name in rules rules-compliance rules-emerging-threats rules-threat-hunting; do
    rules+=(--rules "$folder/sigma-rules/$name")
  done
  build/bench_windows "$folder/events.jsonl" "${rules[@]}" --decoders rules/decoders \
    --field-maps rules/field_maps --sample 100,1000,0 --rounds "$rounds" \
    --share-min 0.45 --growth-max 1.2
}
for name in "${cases[@]}"; do
  case $name in
    replay) compare replay "$(corpus mixed-1000 --lines "$lines")" ;;
    serve) compare serve "$(corpus mixed-1000 --lines "$lines")" ;;
    auth) compare replay "$(corpus auth-1000 --lines "$lines" --kind auth)" ;;
    windows) windows || failed=1 ;;
    scale)
      for patterns in 100 15000; do
        compare replay "$(corpus "mixed-$patterns" --lines "$lines" --patterns "$patterns")"
      done
      ;;
  esac
done
exit $failed
