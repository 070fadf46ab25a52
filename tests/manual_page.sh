#!/bin/sh
# manual_page.sh PROGRAM: what PROGRAM says of itself with --help stands in the page that
# `PROGRAM man` prints, and man and mandoc, where there are any, have nothing to say against it.
set -eu
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$program" man > "$work/page.1"
status=0
wrong() { echo "manual page: $*" >&2; status=1; }

# The section of a command, as it reads.
section() {
  awk -v wanted=".SS $1" '/^\.S[SH]/ { inside = $0 == wanted } inside' "$work/page.1" |
    sed 's/\\-/-/g; s/\\fB//g; s/\\fR//g; s/\\e/\\/g; s/\\&//g'
}

commands=$("$program" --help | sed -n '/^Subcommands:/,$s/^  \([a-z-]*\) .*/\1/p')
[ "$(echo "$commands" | wc -w)" -ge 10 ] || wrong "--help has few commands: $commands"
for command in $commands; do
  section "$command" > "$work/section"
  [ -s "$work/section" ] || wrong "there is no $command"
  "$program" "$command" --help > "$work/help"
  head -n 1 "$work/help" | grep -qFf - "$work/section" || wrong "$command is not described"
  # Names of options and arguments: a word after two or four blanks, in the lists of them.
  sed -n '/^Positionals:/,$p' "$work/help" |
    sed -n 's/^ \{2,4\}\(-[^ ]*\|[a-z]* [A-Z].* REQUIRED\)  *.*/\1/p' |
    sed 's/ .*//' | grep -v '^-h,--help$' > "$work/options" || true
  sed -n '/^Options:/,$p' "$work/help" | sed -n 's/^ \{2,4\}\(--[^ ]*\).*/\1/p' >> "$work/options"
  while read -r option; do
    grep -q "^$option\( \|$\)" "$work/section" || wrong "$command: $option is missing"
  done < "$work/options"
done

if command -v man >/dev/null && man --help 2>/dev/null | grep -q -e --warnings; then
  man --warnings=w -l "$work/page.1" > "$work/text" 2> "$work/warnings" || wrong "man fails"
  [ ! -s "$work/warnings" ] || wrong "$(cat "$work/warnings")"
fi
if command -v mandoc >/dev/null; then
  # There is no date: the page is the same whenever it is made.
  mandoc -Tlint -Wwarning "$work/page.1" | grep -v 'missing date' > "$work/warnings" || true
  [ ! -s "$work/warnings" ] || wrong "$(cat "$work/warnings")"
fi
exit $status
