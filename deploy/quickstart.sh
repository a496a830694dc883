#!/usr/bin/env bash
# From a clone to a detected attack: installs, builds, starts Vakt, attacks it, shows the incident.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: deploy/quickstart.sh [DATA_DIR]           (as root, or with sudo at hand)
       deploy/quickstart.sh --stop [DATA_DIR]

Installs the Debian 12 packages that are missing, builds build/vakt, starts it in the background
with the rules that ship, sends the log lines of an attack with `logger`, and shows the incidents
they open. Vakt goes on running, on 127.0.0.1 only: syslog on 5514, JSON lines on 5515, API and
metrics on 8740.

DATA_DIR (default: build/quickstart-data) holds what is kept, DATA_DIR.log and DATA_DIR.pid are
beside it.

Run again, it installs and builds nothing twice: it attacks the Vakt that is running already.
To begin afresh: deploy/quickstart.sh --stop, remove DATA_DIR, and run it again.
TEXT
}

readonly address=127.0.0.1 syslog_port=5514 json_port=5515 api_port=8740
readonly url=http://$address:$api_port attack=deploy/attack.log attacker=203.0.113.77
readonly binary=$PWD/build/vakt build_log=build/quickstart-build.log

say() { printf '[%02d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }

die() {  # what happened and what to do, a line each
  printf '\nquickstart: %s\n' "$1" >&2
  shift
  [ $# = 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

tail_of() {
  printf '\n----- %s ends:\n' "$1" >&2
  tail -n 30 "$1" >&2 || true
  printf -- '-----\n' >&2
}

# Bash speaks enough HTTP for this: a bare Debian has no curl.
http_get() (
  exec 3<>"/dev/tcp/$address/$api_port" || exit 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" "$address" >&3
  IFS=' ' read -r -t 5 _ status _ <&3
  [ "$status" = 200 ] && timeout 5 sed '1,/^\r*$/d' <&3
) 2>/dev/null

port_is_open() (exec 3<>"/dev/tcp/$address/$1") 2>/dev/null

our_pid() {  # prints the pid of the Vakt that an earlier run started, if it lives
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  # A pid may have gone to somebody else since.
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "$data_dir" || return 1
  echo "$pid"
}

refuse_taken_ports() {
  local port
  for port in $syslog_port $json_port $api_port; do
    ! port_is_open "$port" ||
      die "port $port of $address is taken, and not by a Vakt started for $data_dir" \
        "who: ss -ltnp 'sport = :$port'   (package iproute2)" \
        "a quick start with another DATA_DIR is ended by: deploy/quickstart.sh --stop DATA_DIR" \
        "or run Vakt on other ports: $binary serve --config FILE (README.md, Configuration)"
  done
}

install_packages() {
  say "packages: looking for what is missing (installing takes a few minutes the first time)"
  deploy/packages.sh build runtime ||
    die "installing packages failed, see above" "then run it again: deploy/quickstart.sh"
}

build() {
  local pid shown=''
  say "build: configuring"
  mkdir -p build
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >"$build_log" 2>&1 || {
    tail_of "$build_log"
    die "cmake failed" "if build/ is of another place or compiler: rm -r build, then run it again"
  }
  say "build: compiling with $(nproc) jobs, into $build_log (some minutes the first time)"
  NINJA_STATUS='[%f of %t] ' ninja -C build -j "$(nproc)" vakt >>"$build_log" 2>&1 &
  pid=$!
  while kill -0 $pid 2>/dev/null; do
    sleep 1
    if [ $((SECONDS % 15)) = 0 ]; then
      shown=$(tail -n 1 "$build_log" | grep -oE '^\[[0-9]+ of [0-9]+\]') || continue
      say "build: ${shown//[\[\]]/} steps"
    fi
  done
  wait $pid || {
    tail_of "$build_log"
    die "the build failed; the compiler's words are above and in $build_log" \
      "'Killed' there means too little memory: ninja -C build -j 1 vakt, then run it again"
  }
  say "build: $("$binary" version | head -n 1)"
}

start() {
  local pid
  mkdir -p "$data_dir"
  printf '\n' >>"$log"
  setsid "$binary" serve --data-dir "$data_dir" </dev/null >>"$log" 2>&1 &
  pid=$!
  echo $pid >"$pid_file"
  for _ in $(seq 600); do
    if http_get /-/ready >/dev/null; then
      say "start: Vakt runs with pid $pid, its log is $log"
      return
    fi
    kill -0 $pid 2>/dev/null || break
    sleep 0.1
  done
  tail_of "$log"
  if kill -0 $pid 2>/dev/null; then
    die "Vakt is not ready after 60 seconds; its log is above" "to end it: kill $pid"
  fi
  rm -f "$pid_file"
  die "Vakt did not start; its last words are above and in $log"
}

committed() {  # over the TCP syslog listener, so far
  http_get /metrics | awk '/^vakt_ingest_committed_total\{listener="syslog-tcp"\}/ { n = $2 }
                           END { printf "%d\n", n }'
}

vakt_incidents() { "$binary" incidents "$@" --url $url --token-file "$data_dir/api.token"; }

incident() {  # name of the newest one of the attacker, open or closed
  vakt_incidents list --all 2>/dev/null | awk -v ip="source.ip=$attacker" '
    index($0, ip) { print $1; found = 1; exit }
    END { exit !found }'
}

send_attack() {
  local lines before
  lines=$(wc -l <$attack)
  before=$(committed) || die "no answer from $url/metrics" "see $log"
  say "attack: sending $lines lines of $attack with logger, over TCP, as sshd of $(uname -n)"
  # RFC 5424 carries the zone: this machine's need not be UTC.
  logger --server $address --port $syslog_port --tcp --rfc5424 --priority auth.info \
    --tag sshd --id=$$ --file $attack ||
    die "logger could not send to $address:$syslog_port" "see $log"
  for _ in $(seq 150); do
    if [ "$(committed)" -ge $((before + lines)) ] && incident >/dev/null; then
      return
    fi
    sleep 0.1
  done
  tail_of "$log"
  die "no incident after 15 seconds: $(($(committed) - before)) of $lines lines were stored" \
    "what became of them: the vakt_ingest_ lines of $url/metrics" \
    "what is there: $binary incidents list --all --token-file $data_dir/api.token"
}

show() {
  local name
  name=$(incident)
  say "detected: $name"
  printf '\n$ vakt incidents list\n'
  vakt_incidents list 2>&1
  printf '\n$ vakt incidents show %s\n' "$name"
  vakt_incidents show "$name" 2>&1
  printf '\n$ curl -s %s/metrics | grep time_to_detect     (seconds, all together)\n' $url
  http_get /metrics | awk '
    /^vakt_incident_time_to_detect_seconds_(count|sum)/ {
      key = $1
      sub(/^[^{]*/, "", key)
      if ($1 ~ /_count/) { count[key] = $0; n[key] = $2 } else sum[key] = $0
    }
    END { for (key in n) if (n[key] > 0) printf "%s\n%s\n", count[key], sum[key] }' | sort
}

whereabouts() {
  local pid=$1 q=''
  [ "$data_dir" = "$default_data_dir" ] || q=" $data_dir"
  cat <<TEXT

Vakt is running (pid $pid).
  syslog       $address:$syslog_port, UDP and TCP
  JSON lines   $address:$json_port, TCP; or POST $url/api/v1/events
  API          $url/api/v1/incidents
  metrics      $url/metrics
  API token    $data_dir/api.token
  data, log    $data_dir, $log

Next:
  export VAKT_TOKEN=\$(cat $data_dir/api.token)
  build/vakt incidents ack $(incident)
  build/vakt incidents close $(incident) --disposition true_positive
  build/vakt replay --year $(date +%Y) /var/log/auth.log     # what would have been detected there
  build/vakt rules test                                # the rules against their scenarios
  README.md                                            # sending it real logs, rules, configuration

Stop it:
  kill $pid                         # or: deploy/quickstart.sh --stop$q
TEXT
}

stop() {
  local pid
  if ! pid=$(our_pid); then
    rm -f "$pid_file"
    say "stop: no Vakt is running for $data_dir"
    return
  fi
  kill "$pid"
  for _ in $(seq 300); do
    if ! kill -0 "$pid" 2>/dev/null; then
      rm -f "$pid_file"
      say "stop: ended pid $pid; what it kept is in $data_dir"
      return
    fi
    sleep 0.1
  done
  tail_of "$log"
  die "pid $pid still runs after 30 seconds; its log is above"
}

main() {
  local stopping=no pid
  case ${1:-} in
    -h | --help)
      usage
      return
      ;;
    --stop)
      stopping=yes
      shift
      ;;
    -*)
      usage >&2
      return 2
      ;;
  esac
  [ $# -le 1 ] || { usage >&2 && return 2; }
  default_data_dir=$PWD/build/quickstart-data
  # Relative to where the caller stands, which OLDPWD remembers.
  data_dir=$(cd "$OLDPWD" && realpath -m -- "${1:-$default_data_dir}")
  log=$data_dir.log
  pid_file=$data_dir.pid
  if [ $stopping = yes ]; then
    stop
    return
  fi
  if pid=$(our_pid); then
    say "Vakt is already running with pid $pid (a new build: deploy/quickstart.sh --stop first)"
  else
    refuse_taken_ports
    install_packages
    build
    start
    pid=$(our_pid)
  fi
  send_attack
  show
  whereabouts "$pid"
  printf '\n'
  say "done"
}

main "$@"
