#!/usr/bin/env bash
# run.sh [SEEDS]: shows that worlds find what they are there for. Puts known faults back, one after the
# other, and runs worlds until one of them has a finding: a table of fault, seed and finding. The
# faults are in faults.patch, each behind its name; a copy of the source is built with them.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
copy=$top/build/mutations
seeds=${1:-20000}

mkdir -p "$copy"
(cd "$top" && git ls-files -z | grep -zv '^build/' | tar c --null -T -) | tar x -C "$copy"
patch -d "$copy" -p1 -s -N < "$top/tests/simulation/mutations/faults.patch"
(cd "$copy" && cmake --preset release --log-level=WARNING >/dev/null &&
  cmake --build --preset release --target simulate -j "${JOBS:-$(nproc)}" >/dev/null)

status=0
for fault in $(grep -oE 'mutated\("[a-z_]+"\)' "$top/tests/simulation/mutations/faults.patch" |
  sed -E 's/.*"(.*)".*/\1/' | sort -u); do
  found=$(COS_GATEWAY_MUTATION=$fault "$copy/build/release/bin/simulate" \
    --from 1 --seeds "$seeds" --findings 1 | grep -m1 '^seed ' || true)
  printf '%-20s %s\n' "$fault" "${found:-not found in $seeds worlds}"
  [[ -n $found ]] || status=1
done
exit $status
