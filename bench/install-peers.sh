#!/usr/bin/env bash
# Installs the tools that the benchmark compares with, as far as Debian, PyPI and crates.io give them here. What does not
# install is named and left out; the benchmark then names it as missing. Needs root for Debian's packages.
#
# Programs that are no part of the system go below the folder that ARTIFOLD_BENCH_PEERS names, or node_modules/.cache/bench-peers.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
folder=${ARTIFOLD_BENCH_PEERS:-$PWD/node_modules/.cache/bench-peers}
mkdir -p "$folder"
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

attempt() { # attempt NAME COMMAND…: one line for what came of it
  local name=$1
  shift
  if "$@" > "$log/out" 2>&1; then
    echo "installed: $name"
  else
    echo "NOT installed: $name ($(grep -v '^[[:space:]]*$' "$log/out" | tail -n 1 | cut -c 1-160))"
    return 1
  fi
}

debian() { # debian PACKAGE…
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# A virtual environment of its own for each, so that one cannot break another.
python() { # python NAME PACKAGE==VERSION…
  local name=$1
  shift
  [ -x "$folder/$name/bin/python" ] || python3 -m venv "$folder/$name" || return 1
  "$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# Without link-time optimisation and with many units, or it takes half an hour: the report says so.
rustic() {
  command -v cargo > /dev/null || { echo "no cargo"; return 1; }
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install --quiet --locked --root "$folder/rustic" --no-default-features rustic-rs@0.11.4
}

apt-get update -qq > "$log/apt" 2>&1 || true
# What the limits and the fresh file systems need.
for package in b3sum e2fsprogs xfsprogs; do attempt "$package" debian "$package"; done
for package in restic casync bup git git-lfs; do attempt "$package" debian "$package"; done
attempt "linux-source-6.1 (a corpus)" debian linux-source-6.1

attempt "libraries to build borg" debian build-essential pkg-config python3-dev liblz4-dev libxxhash-dev libzstd-dev libssl-dev libacl1-dev
attempt "borg 1.4.5" python borg borgbackup==1.4.5 || attempt "borg of Debian" debian borgbackup
attempt "dvc 3.67.1" python dvc dvc==3.67.1
attempt "oxen 0.65.1" python oxen oxenai==0.65.1
attempt "hf-xet 1.8.0" python xet hf-xet==1.8.0
attempt "rustic 0.11.4" rustic

echo "$folder"
