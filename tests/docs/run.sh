#!/bin/sh
# What the documents name is there: links, files, metrics, configuration keys, commands, log messages;
# the table of metrics is that of the program.
# COS_GATEWAY_PROGRAM is the program. Ends with 77, "skipped", where Python is missing.
set -eu
if ! command -v python3 >/dev/null; then
  echo "docs: no python3" >&2
  exit 77
fi
here=$(dirname -- "$0")
python3 "$here/../../tools/metrics_reference.py" --check "${COS_GATEWAY_PROGRAM:?}"
exec python3 "$here/check.py" "$COS_GATEWAY_PROGRAM"
