#!/usr/bin/env bash
# Whether two images have the same root file system, bit for bit: names, contents, owners, modes and
# dates. If not, shows the first files that differ.
#
#   tests/image/same_layers.sh IMAGE IMAGE
set -euo pipefail
layers() { docker image inspect -f '{{json .RootFS.Layers}}' "$1"; }
files() {  # owner, mode, date, name and sum of each
  # shellcheck disable=SC2016  # tar's shell expands it
  local layer sums='echo "$(sha256sum | cut -c 1-16)  $TAR_FILENAME"'
  docker save "$1" | tar -x --to-stdout manifest.json |
    python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)[0]["Layers"]))' |
    while read -r layer; do
      docker save "$1" | tar -x --to-stdout "$layer" | tar -t -v --numeric-owner --full-time
      docker save "$1" | tar -x --to-stdout "$layer" | tar -x --to-command="$sums"
    done
}
if [[ $(layers "$1") == "$(layers "$2")" ]]; then
  echo "same root file system: $1 and $2, layers $(layers "$1")"
  exit
fi
echo "root file systems differ: $1 (<) and $2 (>)" >&2
diff <(files "$1") <(files "$2") | grep '^[<>]' | sed -n 1,40p >&2 || true
exit 1
