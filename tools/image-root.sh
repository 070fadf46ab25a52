#!/usr/bin/env bash
# Puts together the root file system of the container image: the program, and of the system that
# built it (Debian 12 or later, Ubuntu 24.04) what the program needs, nothing else. The Dockerfile
# runs it in its build stage.
#
#   tools/image-root.sh BUILD_FOLDER ROOT
#
# Equal files shall make equal layers, so that every file gets the same date. It is 1970, not that of
# the commit: Docker's caches do not look at dates and would bring back a layer with older ones.
set -euo pipefail
export LC_ALL=C
umask 022
build=$1
root=$2

install -D --strip "$build/bin/cos-gateway" "$root/usr/bin/cos-gateway"

# Where the loader finds them here, it finds them there: by its built-in paths, without a cache. What
# getaddrinfo needs for `files` and `dns` is in libc itself.
mapfile -t libraries < <(ldd "$root/usr/bin/cos-gateway" | grep -o '/[^ ]*' | sort -u)
cp --parents --dereference -t "$root" "${libraries[@]}"

# Authorities for https targets and the cloud.
authorities=/etc/ssl/certs/ca-certificates.crt
cp --parents --dereference -t "$root" "$authorities"

# For the local time of log lines on a terminal (docker run -t -e TZ=Asia/Shanghai). `right` counts
# leap seconds, `posix` is all once more, the other files are for people.
zones=/usr/share/zoneinfo
mkdir -p "$root$zones"
tar -C "$zones" -c --exclude=./right --exclude=./posix --exclude=./localtime --exclude=./posixrules \
  --exclude='*.tab' --exclude='*.zi' --exclude='*leap*' . | tar -C "$root$zones" -x

mkdir -p "$root/etc"
echo 'nonroot:x:65532:65532::/nonexistent:/nonexistent' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"
# Without it, names of /etc/hosts are asked of the name server first.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# Mount points: the original connector's files, and the folder of spool and dead letters. A new
# volume takes over the owner of the folder it covers.
mkdir -p "$root/vance/config" "$root/vance/secret"
install -d -m 700 -o 65532 -g 65532 "$root/var/lib/cos-gateway"

# Of which packages the files are: licences for people, versions for vulnerability scanners, which
# read them where Distroless images have them. dpkg may know a file by its name before /lib became a
# link to /usr/lib, or by the one after.
package_of() {
  local owner
  owner=$(dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "/usr$1" 2>/dev/null ||
    dpkg-query -S "$(realpath "$1")")
  echo "${owner%%:*}"
}
notice() {
  install -D -m 644 "/usr/share/doc/$1/copyright" "$root/usr/share/doc/$1/copyright"
}
mapfile -t packages < <(
  for library in "${libraries[@]}"; do package_of "$library"; done | sort -u
  echo ca-certificates
  echo tzdata
)
mkdir -p "$root/var/lib/dpkg/status.d"
for package in "${packages[@]}"; do
  # Boost's licence asks for no notice with object code, and Debian's file of it has 2 MB.
  [[ $package == libboost* ]] || notice "$package"
  dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
done
notice libcli11-dev  # compiled into the program; its licence asks for the notice
cp --parents --dereference -t "$root" /usr/share/common-licenses/* /usr/lib/os-release
ln -s ../usr/lib/os-release "$root/etc/os-release"
install -D -m 644 LICENSE "$root/usr/share/doc/cos-gateway/copyright"

find "$root" -exec touch --no-dereference --date=@0 {} +
