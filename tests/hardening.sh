#!/usr/bin/env bash
# Reads from a program as built that it is hardened as cmake/hardening.cmake says.
# usage: hardening.sh PROGRAM
set -euo pipefail
program=${1:?usage: hardening.sh PROGRAM}
readelf=$(command -v readelf || command -v llvm-readelf-19) || { echo 'readelf is not installed'; exit 77; }
failed=0

check() {  # check WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then
    echo "ok       $what"
  else
    echo "MISSING  $what"
    failed=1
  fi
}
has() { grep -Eq -- "$1" <<<"$2"; }
has_not() { ! has "$@"; }

header=$("$readelf" -hW "$program")
segments=$("$readelf" -lW "$program")
dynamic=$("$readelf" -dW "$program")
symbols=$("$readelf" --dyn-syms -W "$program")

check 'position independent executable' has 'DYN \(' "$header"
check 'and says so' has 'FLAGS_1.*\bPIE\b' "$dynamic"
check 'relocations are read-only after start (RELRO)' has 'GNU_RELRO' "$segments"
check 'all of them, as symbols are bound at start (BIND_NOW)' has 'BIND_NOW|FLAGS_1.*\bNOW\b' "$dynamic"
check 'the stack is not executable' has 'GNU_STACK.* RW ' "$segments"
check 'no segment is writable and executable' has_not 'LOAD.* RWE ' "$segments"
check 'no text relocations' has_not 'TEXTREL' "$dynamic"
check 'no library is looked for where an attacker may write' has_not 'RPATH|RUNPATH' "$dynamic"
check 'stack protector' has '__stack_chk_fail' "$symbols"
check 'checked library calls (_FORTIFY_SOURCE)' has '__[a-z]+_chk(@|$)' \
  "$(grep -v __stack_chk_fail <<<"$symbols")"

# A program has the mark only if all it is linked from has it, the C library's start files first.
start=$("${CC:-cc}" -print-file-name=Scrt1.o 2>/dev/null || true)
if [[ -f $start ]] && has 'IBT|SHSTK' "$("$readelf" -nW "$start" 2>/dev/null)"; then
  check 'shadow stack (SHSTK)' has 'SHSTK' "$("$readelf" -nW "$program")"
else
  echo 'skipped  shadow stack: the start files of this C library are not marked for it'
fi
exit $failed
