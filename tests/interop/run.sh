#!/bin/sh
# Runs the interoperability tests: `run.sh sdks <working folder>`, `run.sh relay`, with the official SDKs
# of Tencent Cloud for other languages `run.sh python <working folder>` and `run.sh go`, and with those
# of CloudEvents `run.sh cloudevents_python <working folder>` and `run.sh cloudevents_go`, with
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

# run_python WORK REQUIREMENTS PROGRAM
run_python() {
  command -v python3 >/dev/null || skip "no python3"
  mkdir -p "$1"
  if ! cmp -s "$source/$2" "$1/installed.txt"; then
    python3 -m venv "$1/venv" || skip "no venv for python3"
    "$1/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$source/$2" ||
      skip "the SDK for Python cannot be installed"
    cp "$source/$2" "$1/installed.txt"
  fi
  exec "$1/venv/bin/python" -B "$source/$3"
}

# run_go FOLDER
run_go() {
  command -v go >/dev/null || skip "no go"
  cd "$source/$1"
  go mod download || skip "the SDK for Go cannot be fetched"
  exec go test -count=1 ./...
}

case $what in
  python) run_python "$2" tencent_requirements.txt tencent_sdk.py ;;
  go) run_go tencent_go ;;
  cloudevents_python) run_python "$2" cloudevents_requirements.txt cloudevents_sdk.py ;;
  cloudevents_go) run_go cloudevents_go ;;
esac

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
cp "$source"/*.js "$source"/*.json "$work/"
cd "$work"
# The lock file is copied last, so an installation that broke off is made again.
if ! cmp -s "$source/package-lock.json" installed-lock.json; then
  npm ci --no-audit --no-fund --ignore-scripts || skip "the SDKs cannot be installed"
  cp package-lock.json installed-lock.json
fi
exec node --test cos_events.test.js awkward_events.test.js sdk_events.test.js scf_sdk.test.js signing.test.js
