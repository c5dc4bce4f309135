#!/usr/bin/env bash
# Installs the servers that tests of remotes run against, unless they are there: versitygw (built by go; minutes the first
# time) and s3rver (from npm). They go to the folder that ARTIFOLD_TEST_SERVERS names, or into node_modules/.cache.
# The third one, OpenSSH's sshd, is a part of the system: `apt-get install openssh-server`.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${ARTIFOLD_TEST_SERVERS:-$PWD/node_modules/.cache/test-servers}
mkdir -p "$folder"

if [ ! -x "$folder/bin/versitygw" ]; then
  echo "building versitygw" >&2
  GOBIN="$folder/bin" go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
fi

if [ ! -e "$folder/s3rver/node_modules/s3rver/package.json" ]; then
  echo "installing s3rver" >&2
  mkdir -p "$folder/s3rver"
  # Old and full of old packages: it is only started by tests, on loopback, to be found out.
  npm install --prefix "$folder/s3rver" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error s3rver@3.7.1 >&2
fi

echo "$folder"
