#!/usr/bin/env bash
# What `./dev bench` does once everything is built: measures, keeps the results as JSON, shows them
# and what has changed since the run before.
#   bench/run.sh PROGRAMS RESULTS [--quick] [--only STEP,...] [--peers] [--update]
# PROGRAMS and RESULTS are folders.
#   --quick   the runs that the goals are about, in short turns: under four minutes
#   --only    some of these steps: production, handshakes, spool, load, parts; and only if named:
#             targets
#   --peers   also against the services that bench/peers/setup has built
#   --update  write bench/RESULTS.md
set -euo pipefail

programs=$1 results=$2
shift 2
kind=full peers=false update=false steps=production,handshakes,spool,load,parts
while (($#)); do
  case $1 in
    --quick) kind=quick ;;
    --only) steps=${2:?bench: --only needs the names of steps}; shift ;;
    --peers) peers=true ;;
    --update) update=true ;;
    *) printf 'bench: unknown option %s\n' "$1" >&2; exit 64 ;;
  esac
  shift
done
here=$(dirname "${BASH_SOURCE[0]}")
work=$results/parts
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

parts=()
measure_parts() {
  local records=1,10,100 timing=(--benchmark_min_time=0.5)
  if [[ $kind == quick ]]; then
    # What touches a disk takes its time.
    records=1,100 timing=(--benchmark_min_time=0.05 '--benchmark_filter=-^(device|store|writer)_')
  fi
  say "instructions of the parts"
  noted "$programs/micro-bench" --instructions "$work/micro-instructions.json" >"$work/log" ||
    { cat "$work/log"; exit 1; }
  say "instructions of a post"
  noted "$programs/count-instructions" --program "$programs/cos-gateway" --many-entries \
    --gateway "floor=$floor" --connections 64 --records $records -o "$work/instructions.json"
  say "time of the parts"
  noted "$programs/micro-bench" "${timing[@]}" --benchmark_out="$work/micro-times.json" \
    --benchmark_out_format=json >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  parts=(--micro-times "$work/micro-times.json" --instructions "$work/instructions.json"
    --micro-instructions "$work/micro-instructions.json")
}

# The gateway in the form it is run in, against itself in the plain one.
measure_production() {
  say "the form it is run in"
  if [[ $kind == quick ]]; then
    echo "quick: posts of 1 and 100 records, 8 of 19 forms, 5 turns of 0.4 s"
    cos_bench suite --quick --repetitions 5 --only production
  else
    cos_bench suite --repetitions 5 --only production
  fi
}

measure_handshakes() {
  local turns=(--repetitions 5) server=()
  [[ $kind == full ]] || turns=(--quick --repetitions 2)
  say "new TLS connections"
  if "$here/peers/setup" nginx; then
    server=(--tls-server "nginx='$here/peers/run' nginx {port} {sink} tls {folder}")
  else
    echo "going on without nginx"
  fi
  cos_bench suite "${turns[@]}" --only handshakes "${server[@]}"
}

measure_spool() {
  local time=(--minutes 1 --backlog 1000000)
  [[ $kind == full ]] || time=(--minutes 0.06 --backlog 100000)
  say "spooling and replay"
  noted "$programs/cos-soak" --spool --json "${time[@]}" spool-rate replay-rate >"$work/spool.json" ||
    { cat "$work/spool.json"; exit 1; }
  parts+=(--spool "$work/spool.json")
}

# What posts for one target see of another one that is in trouble.
measure_targets() {
  local turns=()
  [[ $kind == full ]] || turns=(--repetitions 3 --warmup 3 --duration 2)
  say "a target in trouble beside another one"
  noted "$programs/cos-bench" targets --pin "${turns[@]}"
  say "the same, with stores"
  noted "$programs/cos-bench" targets --pin --stores "${turns[@]}"
}

measure_load() {
  say "the gateway and the floor under load"
  if [[ $kind == quick ]]; then
    cos_bench suite --quick --repetitions 2 --only conns64,conns1000-records1,half-rate \
      --gateway-command "floor=$floor"
    return
  fi
  cos_bench suite --repetitions 5 --gateway-command "floor=$floor" \
    --only conns,half-rate,quarter-rate,new-connections,tls,long-keys,slow,threads
  local rate
  for rate in 5000 10000 20000 40000 60000 80000; do
    cos_bench run --name rate --pin --direct --connections 256 --rate $rate --repetitions 3 \
      --gateway-command "floor=$floor"
  done
}

for step in ${steps//,/ }; do
  declare -F "measure_$step" >/dev/null ||
    { printf 'bench: unknown step %s\n' "$step" >&2; exit 64; }
done
rm -rf "$work"
mkdir -p "$work"
for step in parts load production handshakes spool targets; do
  if [[ ,$steps, == *,$step,* ]]; then measure_$step; fi
done

if $peers; then
  say "the peers"
  suites+=("$work/peers.json")
  turns=()
  [[ $kind == full ]] || turns=(--repetitions 3 --warmup 1 --duration 1)
  noted "$here/peers/compare" --bin "$programs" "${turns[@]}" --json "$work/peers.json" ||
    (($? == 1)) # the goals are not reached, which the table says as well
fi

say "results"
previous=$(find "$results" -maxdepth 1 -name "*-$kind.json" | sort | tail -n 1)
result=$results/$(date -u +%Y%m%dT%H%M%SZ)-$kind.json
# Without a run under load there is no file that names the machine.
((${#suites[@]})) || { echo '{}' >"$work/none.json" && suites=("$work/none.json"); }
"$here/report/report.py" join -o "$result" "${parts[@]}" "${commands[@]/#/--command=}" "${suites[@]}"
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
    echo 'Written by `./dev bench --update`; do not edit. The first tables are what to size by: the'
    echo 'gateway with what it needs on the Internet, against itself without (`plain`: no TLS, no'
    echo 'signatures, random ids, no attributes, no stores). `production` is TLS, signed posts, stable'
    echo 'ids, three attributes, redaction, spool and dead letters configured. `hundred entries` is a list'
    echo 'of a hundred buckets, each with five patterns.'
    echo
    echo 'Spooled records are on the disk before the answer; `share of the device` is of what the device'
    echo 'alone takes in a second, given pieces of the size of a commit. In the replay the second half of'
    echo 'the backlog meets new posts, at a quarter of the rate of normal delivery.'
    echo
    echo '`floor` is bench/floor, a bare gateway that validates nothing and never retries: what is left'
    echo 'when everything else is taken away. CPU time is that of the gateway alone, whose core nothing'
    echo 'else uses where there are two. Figures are medians; `x ...` are medians of the ratios within'
    echo 'the repetitions, in which all gateways take turns. `direct` is the load on the eventbus without'
    echo 'a gateway: latencies `added` are above its, likewise. `waited` is the time in which the gateway'
    echo 'could have run but another process had its core.'
    echo
    "$here/report/report.py" table "$result"
  } >"$here/RESULTS.md"
  echo "$here/RESULTS.md"
fi
