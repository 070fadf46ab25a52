#!/bin/sh
# Runs the interoperability tests: `run.sh sdks <working folder>` or `run.sh relay`, with
# COS_GATEWAY_PROGRAM, SCRIPTED_CLOUD_PROGRAM, SIGN_REQUEST_PROGRAM, COS_GATEWAY_RELAY and
# COS_GATEWAY_TEST_DATA in the environment. The SDKs' packages are installed into the working folder,
# never into the source tree; the relay needs none. Ends with 77, "skipped", where there is no
# Node.js or the SDKs cannot be fetched; with CI=true that is a failure.
set -eu

source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
what=$1

skip() {
  echo "interop: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 77
}

command -v node >/dev/null || skip "no node"
major=$(node --print 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || skip "node $major is older than 18"
for program in "${COS_GATEWAY_PROGRAM:?}" "${SCRIPTED_CLOUD_PROGRAM:?}" \
  "${SIGN_REQUEST_PROGRAM:?}"; do
  if [ ! -x "$program" ]; then
    echo "interop: $program is not built" >&2
    exit 1
  fi
done

if [ "$what" = relay ]; then exec node --test "$source"/relay*.test.js; fi

command -v npm >/dev/null || skip "no npm"
work=$2
mkdir -p "$work"
cp "$source/package.json" "$source"/*.js "$work/"
cd "$work"
# The lock file is copied last, so an installation that broke off is made again.
if ! cmp -s "$source/package-lock.json" installed-lock.json; then
  cp "$source/package-lock.json" .
  npm ci --no-audit --no-fund --ignore-scripts || skip "the SDKs cannot be installed"
  cp package-lock.json installed-lock.json
fi
exec node --test cos_events.test.js sdk_events.test.js scf_sdk.test.js signing.test.js
