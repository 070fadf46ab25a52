#!/usr/bin/env bash
# Format, coroutine fence and clang-tidy; called by `./dev lint` once the packages are there.
#   tools/lint.sh JOBS [--all]
# clang-tidy looks at what changed since the branch left main (on main: since the last commit),
# uncommitted changes included; with --all, or where there is no history, at everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=$1
all=${2:-}
status=0

echo '== clang-format'
git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format-19 --dry-run -Werror || status=1

echo '== coroutine lint'
tools/lint-coroutines.sh --self-test || status=1
tools/lint-coroutines.sh || status=1

base=
if [[ $all != --all ]]; then
  for branch in origin/main main; do
    base=$(git merge-base HEAD "$branch" 2>/dev/null) && break
  done
  if [[ -z $base || $base == $(git rev-parse HEAD) ]]; then
    base=$(git rev-parse -q --verify HEAD~1) || base=
  fi
fi

sources() { git ls-files 'src/*.cpp' 'testkit/*.cpp' 'tests/*.cpp' 'bench/*.cpp'; }
if [[ -z $base ]]; then
  mapfile -t files < <(sources)
else
  # A header is looked at through the source of the same name, else through one that includes it.
  mapfile -t files < <(
    git diff --name-only --diff-filter=d "$base" -- '*.cpp' '*.hpp' | while read -r file; do
      if [[ $file == *.cpp ]]; then
        echo "$file"
      elif [[ -f ${file%.hpp}.cpp ]]; then
        echo "${file%.hpp}.cpp"
      else
        include=${file#src/}
        git grep -lF "\"${include#tests/}\"" -- '*.cpp' | sed 1q || true
      fi
    done | sort -u | comm -12 - <(sources | sort)
  )
fi

# Its own configuration, never built: without precompiled headers, which clang-tidy would have to
# find built by the very same compiler.
echo "== clang-tidy, ${#files[@]} files"
cmake --preset release -B build/lint -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCOS_GATEWAY_TESTS=ON \
  -DCOS_GATEWAY_WHOLE_PATH=OFF -DCOS_GATEWAY_BATCHES=OFF --log-level=WARNING >/dev/null
# Fuzzers have no entry in that configuration.
printf '%s\n' "${files[@]}" | { grep -v '^tests/fuzz/' || true; } |
  xargs -r -n 1 -P "$jobs" clang-tidy-19 --quiet -p build/lint || status=1
((status == 0)) && echo 'lint: nothing found' || echo 'lint: see above' >&2
exit "$status"
