#!/usr/bin/env bash
# Builds what run.py needs into a folder: the programs of a cluster out of Go modules (go.mod has
# the versions), images of them and of the gateway, this version and an earlier one, and the earlier
# one's manifests.
#
#   build.sh FOLDER PROGRAM     PROGRAM: the gateway as built
#
# PREVIOUS in the environment is the commit of the earlier version.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$1
program=$(realpath "$2")
# The last one whose spool is an SQLite file.
previous=${PREVIOUS:-cb42675}
mkdir -p "$folder/bin" "$folder/images"
folder=$(cd "$folder" && pwd)

say() { printf '\n== %s\n' "$*"; }

# image NAME CONFIG ROOT
image() {
  python3 "$here/image.py" "$folder/images/${1//:/-}.tar" "docker.io/library/$1" "$2" "$3"
}
# As the Dockerfile has it.
gateway_image() {  # TAG BUILD_FOLDER
  local files
  files=$(mktemp -d)
  (cd "$root" && tools/image-root.sh "$2" "$files")
  chmod 755 "$files"
  image "cos-gateway:$1" '{"User": "65532:65532", "StopSignal": "SIGTERM",
    "Env": ["SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
    "Entrypoint": ["/usr/bin/cos-gateway"], "Cmd": ["run"]}' "$files"
  rm -rf "$files"
}
program_image() {  # NAME PROGRAM [ARGUMENT]
  local files
  files=$(mktemp -d)
  chmod 755 "$files"
  install -m 755 "$folder/bin/$2" "$files/"
  image "$1" "{\"Entrypoint\": [\"/$2\"${3:+, \"$3\"}]}" "$files"
  rm -rf "$files"
}

say 'building Kubernetes out of its Go modules'
cd "$here"
kubernetes=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${kubernetes#v}"
flags='-s -w'
for variable in gitVersion="$kubernetes" gitMajor="$major" gitMinor="$minor"; do
  flags+=" -X k8s.io/component-base/version.$variable"
done
build() { nice go build -p "${JOBS:-$(nproc)}" -o "$folder/bin/" "$@"; }
build -ldflags "$flags" tool
mv "$folder/bin/server" "$folder/bin/etcd"
# For images that have nothing else in them.
build -ldflags '-s -w -linkmode=external -extldflags=-static' ./coredns
CGO_ENABLED=0 build -ldflags '-s -w' ./tool

say 'making images'
program_image pause:test tool pause
program_image tool:test tool
program_image coredns:test coredns
gateway_image latest "$(dirname "$(dirname "$program")")"

if [[ ! -e $folder/images/cos-gateway-previous.tar ]]; then
  if git -C "$root" cat-file -e "$previous^{commit}" 2>/dev/null; then
    say "building the gateway of $previous"
    [[ -d $folder/previous ]] || git -C "$root" worktree add --detach "$folder/previous" "$previous"
    (cd "$folder/previous" && ./dev build release cos-gateway)
    gateway_image previous "$folder/previous/build/release"
    rm -rf "$folder/deploy"
    cp -r "$folder/previous/deploy" "$folder/"
    git -C "$root" worktree remove --force "$folder/previous"
  else
    say "there is no commit $previous in this clone: nothing is upgraded from it"
  fi
fi
