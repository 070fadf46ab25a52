#!/bin/sh
# What the documents name is there: links, files, metrics, configuration keys, commands, log messages.
# COS_GATEWAY_PROGRAM is the program. Ends with 77, "skipped", where Python is missing.
set -eu
if ! command -v python3 >/dev/null; then
  echo "docs: no python3" >&2
  exit 77
fi
exec python3 "$(dirname -- "$0")/check.py" "${COS_GATEWAY_PROGRAM:?}"
