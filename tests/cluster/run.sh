#!/usr/bin/env bash
# Builds a Kubernetes of two nodes out of Go modules, starts it in namespaces of its own and plays
# scenarios in it: run.sh PROGRAM [options of run.py]. The first time takes about half an hour of
# compiling. CLUSTER in the environment is the folder that keeps what was built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${CLUSTER:-$here/../../build/cluster}
program=$1
shift

skip() {
  echo "cluster: skipped: $*" >&2
  exit 77
}
((EUID == 0)) || skip 'it needs root, for namespaces and cgroups'
PATH=$PATH:/usr/sbin:/sbin
for tool in containerd runc ctr iptables ipset conntrack ip nsenter unshare openssl python3; do
  command -v "$tool" >/dev/null || skip "no $tool"
done
[[ -x /usr/lib/cni/bridge ]] || skip 'no containernetworking-plugins'
command -v go >/dev/null || skip 'no Go'
(cd "$here" && timeout 300 go mod download k8s.io/kubernetes) || skip 'Go modules cannot be had'

mkdir -p "$folder"
"$here/../deploy/tools.sh" "$here/../../build/tools" || skip 'no Helm'
"$here/build.sh" "$folder" "$program"
install "$here/../../build/tools/bin/helm" "$folder/bin/"
exec python3 "$here/run.py" "$folder" "$@"
