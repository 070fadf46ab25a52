#!/bin/sh
# The status page in headless Chromium, with a gateway that delivers events and one in 40 refused:
#   run.sh [FOLDER]   FOLDER gets screenshots, with charts of SECONDS_OF_CHART seconds
# COS_GATEWAY_PROGRAM is the program. Ends with 77, "skipped", where Chromium or Python is missing.
set -eu
for browser in "${CHROMIUM:-chromium}" chromium-browser google-chrome none; do
  if command -v "$browser" >/dev/null; then break; fi
done
if [ "$browser" = none ] || ! command -v python3 >/dev/null; then
  echo "page: no chromium or no python3" >&2
  exit 77
fi
exec python3 -B "$(dirname -- "$0")/look.py" "$browser" "${COS_GATEWAY_PROGRAM:?}" "$@"
