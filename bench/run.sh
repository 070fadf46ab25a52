#!/usr/bin/env bash
# What `./dev bench` does once everything is built: measures, keeps the results as JSON, shows them
# and what has changed since the run before.
#   bench/run.sh PROGRAMS RESULTS [--quick] [--peers] [--update]
# PROGRAMS and RESULTS are folders.
#   --quick   the runs that the goals are about: under three minutes
#   --peers   also against the services that bench/peers/setup has built
#   --update  write bench/RESULTS.md
set -euo pipefail

programs=$1 results=$2
shift 2
kind=full peers=false update=false
for option in "$@"; do
  case $option in
    --quick) kind=quick ;;
    --peers) peers=true ;;
    --update) update=true ;;
    *) printf 'bench: unknown option %s\n' "$option" >&2; exit 64 ;;
  esac
done
here=$(dirname "${BASH_SOURCE[0]}")
work=$results/parts
rm -rf "$work"
mkdir -p "$work"
revision=$(git describe --always --dirty 2>/dev/null || echo unknown)
floor="$programs/bare-gateway --port {port} --eventbus {sink}"

say() { printf '\n== %s\n' "$*"; }
commands=()
# Runs a program and keeps its command line for the results.
noted() {
  local word line=
  for word in "$@"; do
    [[ $word == *[[:space:]{}\(\|]* ]] && word="'$word'"
    line+="$word "
  done
  commands+=("${line% }")
  "$@"
}
suites=()
cos_bench() {
  suites+=("$work/suite-${#suites[@]}.json")
  "$programs/cos-bench" "$@" --revision "$revision" --json "${suites[-1]}"
}

say "instructions of the parts"
noted "$programs/micro-bench" --instructions "$work/micro-instructions.json" >"$work/log" ||
  { cat "$work/log"; exit 1; }

say "instructions of a post"
records=1,10,100
[[ $kind == full ]] || records=1,100
noted "$programs/count-instructions" --program "$programs/cos-gateway" --gateway "floor=$floor" \
  --connections 64 --records $records -o "$work/instructions.json"

say "time of the parts"
# What touches a disk takes its time.
timing=(--benchmark_min_time=0.5)
[[ $kind == full ]] || timing=(--benchmark_min_time=0.05 '--benchmark_filter=-^(device|store|writer)_')
noted "$programs/micro-bench" "${timing[@]}" --benchmark_out="$work/micro-times.json" \
  --benchmark_out_format=json >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

say "the gateway and the floor under load"
if [[ $kind == quick ]]; then
  cos_bench suite --quick --repetitions 5 --only conns64,conns1000-records1,half-rate,tls \
    --gateway-command "floor=$floor"
else
  cos_bench suite --repetitions 5 --gateway-command "floor=$floor"
  for rate in 5000 10000 20000 40000 60000 80000; do
    cos_bench run --name rate --pin --direct --connections 256 --rate $rate --repetitions 3 \
      --gateway-command "floor=$floor"
  done
fi

if $peers; then
  say "the peers"
  suites+=("$work/peers.json")
  noted "$here/peers/compare" --bin "$programs" --json "$work/peers.json" ||
    (($? == 1)) # the goals are not reached, which the table says as well
fi

say "results"
previous=$(find "$results" -name "*-$kind.json" | sort | tail -n 1)
result=$results/$(date -u +%Y%m%dT%H%M%SZ)-$kind.json
"$here/report/report.py" join -o "$result" --micro-times "$work/micro-times.json" \
  --micro-instructions "$work/micro-instructions.json" --instructions "$work/instructions.json" \
  "${commands[@]/#/--command=}" "${suites[@]}"
"$here/report/report.py" table "$result"
if [[ -n $previous ]]; then
  say "against $previous"
  "$here/report/report.py" compare "$previous" "$result"
fi
say "kept"
echo "$result"
"$here/report/report.py" report "$result" ${previous:+--previous "$previous"} \
  -o "${result%.json}.html"

if $update; then
  {
    echo '# What the gateway costs'
    echo
    echo 'Written by `./dev bench --update`; do not edit. `floor` is bench/floor, a bare gateway that'
    echo 'validates nothing and never retries: what is left when everything else is taken away. CPU'
    echo 'time is that of the gateway alone, whose core nothing else uses where there are two.'
    echo 'Figures are medians; `x floor` and `x cos-gateway` are medians of the ratios within the'
    echo 'repetitions, in which all gateways take turns. `direct` is the load on the eventbus without a'
    echo 'gateway: latencies `added` are above its, likewise. `waited` is the time in which the gateway'
    echo 'could have run but another process had its core.'
    echo
    "$here/report/report.py" table "$result"
  } >"$here/RESULTS.md"
  echo "$here/RESULTS.md"
fi
