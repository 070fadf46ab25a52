#!/bin/sh
# Fetches what run.sh checks the deployment files with, in the versions they are checked with, into
# the given folder: kubernetes-validate from PyPI; kustomize and Helm through the Go module proxy.
set -eu
tools=$1
mkdir -p "$tools"
export GOBIN="$tools/bin"

if [ ! -x "$tools/python/bin/kubernetes-validate" ]; then
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" --quiet --disable-pip-version-check install kubernetes-validate==1.37.0
fi
[ -x "$GOBIN/kustomize" ] || go install sigs.k8s.io/kustomize/kustomize/v5@v5.4.3
[ -x "$GOBIN/helm" ] || go install -ldflags '-s -w' helm.sh/helm/v3/cmd/helm@v3.15.4
