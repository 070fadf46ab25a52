#!/bin/sh
# Checks what stands in deploy/:
#   run.sh manifests TOOLS   Kubernetes manifests and the Helm chart, rendered and held against the
#                            JSON schemas of the oldest and a recent Kubernetes and against each other
#                            (rendered.py); their configurations against COS_GATEWAY_PROGRAM
#   run.sh alerts            the alert rules, by promtool and their unit tests
# TOOLS is the folder tools.sh filled; programs in the path will do as well. Ends with 77, "skipped",
# where a tool is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
deploy=$(CDPATH='' cd -- "$here/../../deploy" && pwd)
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
fits() {  # FILE: its objects belong together
  python3 "$here/rendered.py" "$1"
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
  fits "$work/rendered.yaml"
  configuration "$deploy/kubernetes/$folder/config.yml"
done

# What one of them leaves behind where the other is applied over it, the document has deleted.
for names in 'base overlays/persistent-spool' 'overlays/persistent-spool base'; do
  for folder in $names; do
    kubectl kustomize "$deploy/kubernetes/$folder" > "$work/$(basename "$folder").yaml"
  done
  from=$(basename "${names% *}") to=$(basename "${names#* }")
  python3 "$here/rendered.py" --left "$work/$from.yaml" "$work/$to.yaml" > "$work/left"
  grep -v '^configmap/' "$work/left" | while read -r object; do
    grep "kubectl -n cos-gateway delete .*$object" "$deploy/../docs/kubernetes.md" >/dev/null || {
      echo "deploy: from $from to $to, $object stays; docs/kubernetes.md does not delete it" >&2
      exit 1
    }
  done
done

chart=$deploy/helm/cos-gateway
helm lint --strict --quiet "$chart"
for values in spool.enabled=false spool.enabled=true autoscaling.enabled=false \
  networkPolicy.enabled=false,service.type=LoadBalancer,secret.existing=other; do
  echo "helm template --set $values"
  helm template --kube-version 1.34.0 --set "$values" check "$chart" > "$work/rendered.yaml"
  valid "$work/rendered.yaml"
  fits "$work/rendered.yaml"
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
