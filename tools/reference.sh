#!/usr/bin/env bash
# Writes the keys, as PROGRAM knows them, between the marks in docs/configuration.md, and its metrics
# between those in docs/observing.md. Run it from the root of the tree.
#
#   tools/reference.sh PROGRAM
set -euo pipefail

program=$1
document=docs/configuration.md
keys=$(mktemp)
trap 'rm -f "$keys"' EXIT
"$program" check --reference >"$keys"
sed -i -e "/^<!-- begin of the reference/,/^<!-- end of the reference/{
  /^<!-- begin/{p;r $keys
  }
  /^<!-- end/!d
}" "$document"
tools/metrics_reference.py "$program"
git --no-pager diff --stat -- "$document" docs/observing.md
