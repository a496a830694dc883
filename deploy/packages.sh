#!/usr/bin/env bash
# Installs the Debian 12 packages that Vakt is built, run and tested with, where they are missing.
# Asks nothing, changes nothing when all is there, and never removes a package.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/packages.sh [SET...]      install what is missing (as root, or with sudo)
       deploy/packages.sh --check SET   print what is missing, exit 1 if anything is
       deploy/packages.sh --list SET    print the packages of a set

Sets:
  build    compiler, build tools and libraries      (default)
  runtime  what a built `vakt` needs to start
  test     analysers and the real clients that the tests drive
  loggen   syslog-ng's load generator, unpacked into a cache and never installed, because its
           package conflicts with rsyslog; prints the path of a wrapper that runs it
  all      build, runtime, test and loggen

Examples:
  deploy/packages.sh                     # ready to build
  sudo deploy/packages.sh runtime        # on the machine that will only run Vakt
  "$(deploy/packages.sh loggen)" --help  # the load generator

Environment: VAKT_CACHE_DIR, default ${XDG_CACHE_HOME:-~/.cache}/vakt, holds loggen.
TEXT
}

readonly build_packages=(
  g++ cmake ninja-build ccache mold pkg-config git ca-certificates tzdata
  libboost1.81-dev libhyperscan-dev libsimdjson-dev librocksdb-dev prometheus-cpp-dev
  libre2-dev libyaml-cpp-dev libfmt-dev libspdlog-dev libcli11-dev libexpected-dev
  libxxhash-dev libhowardhinnant-date-dev libzstd-dev libssl-dev zlib1g-dev libpcre2-dev
  libcurl4-openssl-dev libargon2-dev libjemalloc-dev libgtest-dev libbenchmark-dev
)
readonly runtime_packages=(
  ca-certificates tzdata libstdc++6 libhyperscan5 libsimdjson14 librocksdb7.8
  libprometheus-cpp-core1.0 libre2-9 libyaml-cpp0.7 libfmt9 libspdlog1.10 libxxhash0 libdate-tz3
  libzstd1 libssl3 zlib1g libpcre2-8-0 libcurl4 libargon2-1 libjemalloc2
)
readonly test_packages=(
  python3 python3-yaml curl jq zstd iproute2 procps openssl bsdutils rsyslog libglib2.0-0
  clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev llvm-14
)

say() { echo "packages: $*" >&2; }
die() {
  say "$*"
  exit 1
}

packages_of() {
  case $1 in
    build) printf '%s\n' "${build_packages[@]}" ;;
    runtime) printf '%s\n' "${runtime_packages[@]}" ;;
    test) printf '%s\n' "${test_packages[@]}" ;;
    loggen) ;;
    all) printf '%s\n' "${build_packages[@]}" "${runtime_packages[@]}" "${test_packages[@]}" ;;
    *) die "unknown set '$1' (build, runtime, test, loggen, all)" ;;
  esac
}

missing_of() {
  local wanted installed
  wanted=$(packages_of "$1" | sort -u)
  [ -n "$wanted" ] || return 0
  # shellcheck disable=SC2086  # one word a package
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
    awk '$1 == "installed" { print $2 }' | sort -u) || true
  comm -23 <(echo "$wanted") <(echo "$installed")
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root or sudo to run: $*"
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 \
    -o Dpkg::Use-Pty=0 -o APT::Color=0 "$@" </dev/null
}

# The development files of two Boost versions exclude each other, and apt would settle that by
# removing the one already there.
refuse_other_boost() {
  local other
  other=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'libboost[0-9]*-dev' 2>/dev/null |
    awk '$1 == "installed" { print $2 }' |
    grep -xE 'libboost[0-9.]+-dev' | grep -vxF libboost1.81-dev) || return 0
  die "$(echo $other) is installed and excludes libboost1.81-dev, which Vakt is built with." \
    "Nothing was changed. If no other project here needs it:" \
    "apt-get remove $(echo $other) libboost-dev && apt-get install libboost1.81-dev"
}

# A daemon that a package brings (rsyslog) is for the tests to start, not for the machine: a policy
# script of our own says no to every start for as long as the installation takes.
install_without_starting() {
  local policy=/usr/sbin/policy-rc.d ours=no
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
    ours=yes
  fi
  local status=0
  apt install --no-install-recommends --no-remove "$@" >&2 || status=$?
  [ $ours = no ] || as_root rm -f $policy
  return $status
}

install_set() {
  local missing
  missing=$(missing_of "$1")
  if [ -z "$missing" ]; then
    say "$1: nothing missing"
    return 0
  fi
  # shellcheck disable=SC1091
  if ! (. /etc/os-release && [ "$ID $VERSION_ID" = "debian 12" ]); then
    die "$1: this is not Debian 12; missing here: $(echo $missing)"
  fi
  if grep -qx libboost1.81-dev <<<"$missing"; then
    refuse_other_boost
  fi
  say "$1: installing $(echo $missing)"
  # Lists that are old or absent show only when an install fails, so that is when they are fetched.
  # shellcheck disable=SC2086
  if ! install_without_starting $missing 2>/dev/null; then
    say "$1: fetching the package lists"
    apt update >&2
    install_without_starting $missing || die "$1: installing failed, see above"
  fi
  missing=$(missing_of "$1")
  [ -z "$missing" ] || die "$1: still missing after installing: $(echo $missing)"
}

install_loggen() {
  local home=${VAKT_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/vakt}/loggen
  if ! "$home/loggen" --help >/dev/null 2>&1; then
    local scratch
    scratch=$(mktemp -d)
    (
      cd "$scratch"
      download() { apt-get -qq -o APT::Sandbox::User=root download syslog-ng-core >&2 </dev/null; }
      download || { apt update >&2 && download; } || die "loggen: syslog-ng-core cannot be fetched"
      dpkg-deb -x syslog-ng-core_*.deb unpacked
      cat >unpacked/loggen <<'WRAPPER'
#!/bin/sh
home=$(dirname "$(readlink -f "$0")")
export SYSLOGNG_PREFIX="$home/usr" LD_LIBRARY_PATH="$home/usr/lib/syslog-ng"
exec "$home/usr/bin/loggen" "$@"
WRAPPER
      chmod 755 unpacked/loggen
    ) || { rm -rf "$scratch"; exit 1; }
    mkdir -p "$(dirname "$home")"
    rm -rf "$home"
    mv "$scratch/unpacked" "$home"
    rm -rf "$scratch"
    "$home/loggen" --help >/dev/null 2>&1 ||
      die "loggen: unpacked into $home but does not run: $("$home/loggen" --help 2>&1 | head -3)"
    say "loggen: unpacked into $home"
  fi
  echo "$home/loggen"
}

main() {
  case ${1:-} in
    -h | --help)
      usage
      return
      ;;
    --list)
      packages_of "${2:-all}" | sort -u
      return
      ;;
    --check)
      local missing
      missing=$(missing_of "${2:-all}")
      [ -z "$missing" ] || { echo "$missing"; return 1; }
      return
      ;;
    -*)
      usage >&2
      return 2
      ;;
  esac
  command -v dpkg-query >/dev/null || die "needs Debian 12: there is no dpkg here"
  [ $# -gt 0 ] || set -- build
  local set
  for set in "$@"; do
    packages_of "$set" >/dev/null
    case $set in
      loggen) install_loggen ;;
      all)
        install_set all
        install_loggen
        ;;
      *) install_set "$set" ;;
    esac
  done
}

main "$@"
