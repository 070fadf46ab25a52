#!/usr/bin/env bash
# Runs the fuzzers of build/fuzz, JOBS at a time (else as many as there are cores), each for so many
# minutes, and says what they found. Run it from the root of the tree.
#
#   tools/fuzz.sh MINUTES [TARGET...]
set -euo pipefail
shopt -s nullglob

minutes=$1
shift
[[ $minutes =~ ^[0-9]+$ ]] || { echo "fuzz: a whole number of minutes is needed, not $minutes" >&2; exit 64; }

fuzz_one() {
  local minutes=$1 name=$2 log=$2.log status=0
  local seeds=(../../tests/fuzz/corpus/"$name"/) dictionary=../../tests/fuzz/$name.dict
  [[ -d ${seeds[0]} ]] || seeds=()
  [[ -f $dictionary ]] || dictionary=
  mkdir -p "corpus/$name"
  "bin/fuzz_$name" -max_total_time=$((minutes * 60)) -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="findings/$name-" ${dictionary:+-dict="$dictionary"} \
    "corpus/$name" "${seeds[@]}" >"$log" 2>&1 || status=1
  printf '%-16s %s\n' "$name" "$(grep -E '^Done ' "$log" || echo "ended early, see build/fuzz/$log")"
  grep -E '^(SUMMARY|does not hold)|Test unit written' "$log" || true
  return $status
}
export -f fuzz_one

names=("$@")
if ((${#names[@]} == 0)); then
  for fuzzer in build/fuzz/bin/fuzz_*; do names+=("${fuzzer##*/fuzz_}"); done
fi
for name in "${names[@]}"; do
  [[ -x build/fuzz/bin/fuzz_$name ]] || { echo "fuzz: there is no target $name" >&2; exit 64; }
done

cd build/fuzz
mkdir -p findings
touch begun
printf '\n== fuzzing %s targets, each for %s min\n' "${#names[@]}" "$minutes"
status=0
printf '%s\n' "${names[@]}" |
  xargs -P "${JOBS:-$(nproc)}" -I{} bash -euo pipefail -c 'fuzz_one "$@"' _ "$minutes" {} || status=1
mapfile -t findings < <(find findings -type f -newer begun)
if ((${#findings[@]})); then
  printf '\n== findings (run the fuzzer with the file as its argument; keep it in tests/fuzz/corpus/)\n'
  printf 'build/fuzz/%s\n' "${findings[@]}"
  exit 1
fi
((status == 0)) || { echo 'fuzz: a fuzzer failed; see build/fuzz/*.log' >&2; exit 1; }
printf '\n== no findings\n'
