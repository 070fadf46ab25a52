#!/bin/sh
# Checks what stands in deploy/:
#   run.sh manifests TOOLS   Kubernetes manifests and the Helm chart, rendered and held against the
#                            JSON schemas of the oldest and a recent Kubernetes; their configurations
#                            against COS_GATEWAY_PROGRAM
#   run.sh alerts            the alert rules, by promtool and their unit tests
# TOOLS is the folder tools.sh filled; programs in the path will do as well. Ends with 77, "skipped",
# where a tool is missing.
set -eu

deploy=$(CDPATH='' cd -- "$(dirname -- "$0")/../../deploy" && pwd)
what=$1

need() {
  command -v "$1" >/dev/null && return
  echo "deploy: no $1${2:+: $2}" >&2
  exit 77
}

if [ "$what" = alerts ]; then
  need promtool "Debian has it in the package prometheus"
  cd "$deploy/prometheus"
  promtool check config --syntax-only prometheus.yml
  promtool check rules alerts.yml
  exec promtool test rules alerts_test.yml
fi

PATH=$2/bin:$2/python/bin:$PATH
export PYTHONPATH="$2/python${PYTHONPATH:+:$PYTHONPATH}"
for tool in kubernetes-validate kubectl helm; do need $tool "tests/deploy/tools.sh fetches it"; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

valid() {  # FILE: of kinds that Kubernetes itself has, with no field it does not know
  for version in 1.30 1.34; do
    kubernetes-validate --strict --quiet -k $version "$1"
  done
}
configuration() {  # FILE
  "${COS_GATEWAY_PROGRAM:?}" check --config "$1" \
    --secret "$deploy/kubernetes/base/secret.yml" >/dev/null
}

valid "$deploy/kubernetes/original.yaml"
for folder in base overlays/persistent-spool overlays/knative; do
  echo "kubectl kustomize $folder"
  kubectl kustomize "$deploy/kubernetes/$folder" > "$work/rendered.yaml"
  valid "$work/rendered.yaml"
  configuration "$deploy/kubernetes/$folder/config.yml"
done

chart=$deploy/helm/cos-gateway
helm lint --strict --quiet "$chart"
for values in spool.enabled=false spool.enabled=true autoscaling.enabled=false \
  networkPolicy.enabled=false,service.type=LoadBalancer,secret.existing=other; do
  echo "helm template --set $values"
  helm template --kube-version 1.34.0 --set "$values" check "$chart" > "$work/rendered.yaml"
  valid "$work/rendered.yaml"
  # The configuration as it would be mounted.
  sed -n '/^  config.yml: |/,/^---/p' "$work/rendered.yaml" | sed '1d;/^---/d;s/^    //' \
    > "$work/config.yml"
  configuration "$work/config.yml"
done
for wrong in replicas=many service.type=Nothing unknown=1 config.secret_key=x; do
  if helm template --kube-version 1.34.0 --set "$wrong" check "$chart" >/dev/null 2>&1; then
    echo "deploy: the chart's schema lets $wrong through" >&2
    exit 1
  fi
done
