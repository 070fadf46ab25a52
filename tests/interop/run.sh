#!/bin/sh
# Runs the interoperability tests: run.sh <working folder>, with COS_GATEWAY_PROGRAM,
# SCRIPTED_CLOUD_PROGRAM and SIGN_REQUEST_PROGRAM in the environment. The packages are installed into
# the working folder, never into the source tree. Ends with 77, "skipped", where there is no Node.js
# or the SDKs cannot be fetched; with CI=true that is a failure.
set -eu

source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
work=$1

skip() {
  echo "interop: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 77
}

command -v node >/dev/null || skip "no node"
command -v npm >/dev/null || skip "no npm"
major=$(node --print 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || skip "node $major is older than 18"
for program in "${COS_GATEWAY_PROGRAM:?}" "${SCRIPTED_CLOUD_PROGRAM:?}" \
  "${SIGN_REQUEST_PROGRAM:?}"; do
  if [ ! -x "$program" ]; then
    echo "interop: $program is not built" >&2
    exit 1
  fi
done

mkdir -p "$work"
cp "$source/package.json" "$source"/*.js "$work/"
cd "$work"
# The lock file is copied last, so an installation that broke off is made again.
if ! cmp -s "$source/package-lock.json" installed-lock.json; then
  cp "$source/package-lock.json" .
  npm ci --no-audit --no-fund --ignore-scripts || skip "the SDKs cannot be installed"
  cp package-lock.json installed-lock.json
fi
exec node --test ./*.test.js
