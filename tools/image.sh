#!/usr/bin/env bash
# Builds the container image; docs/image.md has the rest. Run it from the root of the tree.
#
#   tools/image.sh [--test [--twice]] [docker build options]
#
# BASE in the environment is the image to build in, IMAGE the name of what is made. --test then runs
# the quick start in it; --twice also builds it once more, from nothing, and compares.
set -euo pipefail

say() { printf '\n== %s\n' "$*"; }
die() { printf 'image: %s\n' "$*" >&2; exit 1; }

image=${IMAGE:-cos-gateway}

need_engine() {
  command -v docker >/dev/null || die "no docker here; on Debian: apt-get install docker.io"
  docker info >/dev/null 2>&1 || die "no Docker engine answers (or you may not use it);\
 start one with: systemctl start docker, without systemd: dockerd &, elsewhere: set DOCKER_HOST"
}

# build NAME [docker build options]
build() {
  local name=$1 version revision=unknown source='' date=${SOURCE_DATE_EPOCH:-0}
  shift
  version=$(sed -n 's/^project(cos-gateway VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  if git rev-parse --verify -q HEAD >/dev/null 2>&1; then
    revision=$(git rev-parse HEAD)
    git diff --quiet HEAD -- || revision+=-dirty
    date=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
    source=$(git remote get-url origin 2>/dev/null | sed 's|//[^/@]*@|//|') || true
  fi
  docker build ${BASE:+--build-arg BASE="$BASE"} --build-arg SOURCE_DATE_EPOCH="$date" \
    --build-arg CREATED="$(date -u -d "@$date" +%Y-%m-%dT%H:%M:%SZ)" --build-arg VERSION="$version" \
    --build-arg REVISION="$revision" --build-arg SOURCE="$source" -t "$name" "$@" .
}

# Where no registry can be reached, the base comes from Debian's mirror.
choose_base() {
  local pulled
  pulled=$(sed -n 's/^ARG BASE=//p' Dockerfile)
  if [[ -n ${BASE:-} ]] || docker image inspect "$pulled" >/dev/null 2>&1 ||
    docker pull -q "$pulled" >/dev/null; then
    return
  fi
  say "$pulled cannot be pulled: its place takes cos-gateway-base, made by debootstrap"
  export BASE=cos-gateway-base
  tests/image/local_base.sh "$BASE"
}

test=no twice=no
if [[ ${1:-} == --test ]]; then test=yes; shift; fi
if [[ ${1:-} == --twice ]]; then twice=yes; shift; fi
need_engine
[[ $test == no ]] || choose_base
build "$image" "$@"
if [[ $twice == yes ]]; then
  say "building once more, from nothing"
  build "$image-again" --no-cache "$@"
  tests/image/same_layers.sh "$image" "$image-again"
fi
[[ $test == no ]] || tests/image/quick_start.sh "$image"
