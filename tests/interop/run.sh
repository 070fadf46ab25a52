#!/bin/sh
# Runs the interoperability tests: `run.sh sdks <working folder>`, `run.sh relay`, or with the official
# SDKs of Tencent Cloud for other languages `run.sh python <working folder>` and `run.sh go`, with
# COS_GATEWAY_PROGRAM, SCRIPTED_CLOUD_PROGRAM, SIGN_REQUEST_PROGRAM, COS_GATEWAY_RELAY and
# COS_GATEWAY_TEST_DATA in the environment. The SDKs' packages are installed into the working folder,
# never into the source tree; the relay needs none. Ends with 77, "skipped", where a language is not
# there or the SDKs cannot be fetched; with CI=true that is a failure.
set -eu

source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
what=$1

skip() {
  echo "interop: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 77
}

if [ "$what" = python ]; then
  command -v python3 >/dev/null || skip "no python3"
  mkdir -p "$2"
  wanted=$source/tencent_requirements.txt
  if ! cmp -s "$wanted" "$2/installed.txt"; then
    python3 -m venv "$2/venv" || skip "no venv for python3"
    "$2/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" ||
      skip "the SDK for Python cannot be installed"
    cp "$wanted" "$2/installed.txt"
  fi
  exec "$2/venv/bin/python" "$source/tencent_sdk.py"
fi
if [ "$what" = go ]; then
  command -v go >/dev/null || skip "no go"
  cd "$source/tencent_go"
  go mod download || skip "the SDK for Go cannot be fetched"
  exec go test -count=1 ./...
fi

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
