#!/usr/bin/env bash
# run.sh [SEEDS]: shows that worlds and tests find what they are there for. Puts known faults back, one
# after the other: a table of fault and what finds it, the first seed whose world does, or the test for
# what is outside of a simulated shard. The faults are in faults.patch, each behind its name; a copy of
# the source is built with them, in COPY.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
copy=${COPY:-$top/build/mutations}
seeds=${1:-20000}

# What tests find.
declare -A tests=(
  [half_start]=Supervision.AStartThatCannotHaveItsThreadsIsUndone
  [log_stops]=Supervision.ASecondSignalEndsTheProcessWithItsLogWhole
  [reading_is_free]=MemoryBound.IsNotExceededByTheDearestPosts
  [stores_in_line]=HangingDevice.StoresAreClosedSideBySide
)

mkdir -p "$copy"
rm -rf "$copy"/{src,tests}  # of an earlier run, with its faults
(cd "$top" && git ls-files -z | grep -zv '^build/' | tar c --null -T -) | tar x -C "$copy"
patch -d "$copy" -p1 -s -N < "$top/tests/simulation/mutations/faults.patch"
(cd "$copy" && cmake --preset release --log-level=WARNING >/dev/null &&
  cmake --build --preset release --target simulate integration_test -j "${JOBS:-$(nproc)}" >/dev/null)
programs=$copy/build/release/bin

found_by_test() {  # found_by_test TEST: says so if it passes without the fault and fails with it
  local run=("$programs/integration_test" "--gtest_filter=$1")
  COS_GATEWAY_MUTATION='' "${run[@]}" | grep '^\[  PASSED  \] 1 test' >/dev/null || return 0
  "${run[@]}" >/dev/null 2>&1 || echo "test $1"
}
found_by_world() {
  "$programs/simulate" --from 1 --seeds "$seeds" --findings 1 | grep -m1 '^seed ' || true
}

status=0
for fault in $(grep -oE 'mutated\("[a-z_]+"\)' "$top/tests/simulation/mutations/faults.patch" |
  sed -E 's/.*"(.*)".*/\1/' | sort -u); do
  export COS_GATEWAY_MUTATION=$fault
  if [[ -n ${tests[$fault]:-} ]]; then
    found=$(found_by_test "${tests[$fault]}")
  else
    found=$(found_by_world)
  fi
  printf '%-20s %s\n' "$fault" "${found:-not found}"
  [[ -n $found ]] || status=1
done
exit $status
