#!/usr/bin/env bash
# Makes a base for the image where no registry can be reached: Debian 12 from its mirror (MIRROR),
# by debootstrap, which needs root. One that is there already is taken as it is.
#
#   tests/image/local_base.sh NAME
set -euo pipefail
name=$1
mirror=${MIRROR:-http://deb.debian.org/debian}
if docker image inspect "$name" >/dev/null 2>&1; then
  echo "$name is there already; docker rmi $name has it made anew"
  exit
fi
as_root=()
((EUID == 0)) || as_root=(sudo)
work=$(mktemp -d)
trap '"${as_root[@]}" rm -rf "$work"' EXIT
log=$work/log
"${as_root[@]}" debootstrap --variant=minbase bookworm "$work/root" "$mirror" >"$log" ||
  { tail "$log" >&2; exit 1; }
# As in Debian's own images.
"${as_root[@]}" tee "$work/root/etc/apt/sources.list" >/dev/null <<SOURCES
deb $mirror bookworm main
deb $mirror bookworm-updates main
deb ${mirror%/}-security bookworm-security main
SOURCES
"${as_root[@]}" tar -C "$work/root" -c . | docker import - "$name"
