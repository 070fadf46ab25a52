#!/usr/bin/env bash
# The fence against coroutine spellings that g++ 12 accepts without a warning and compiles into a
# double free or a crash. clang compiles all of them correctly; the rules keep the code safe for
# those who build with g++. Works on statements, not lines, and cannot see types: it errs on the
# side of asking for a named local.
#
#   tools/lint-coroutines.sh [FILE...]    the given files, or all tracked sources
#   tools/lint-coroutines.sh --self-test  checks the rules against tests/tools/coroutine_spellings.txt
#
# What it cannot see: `f(Aggregate(a, b))` and aggregates as default arguments of other headers.
# For those, types that cross a co_await assert that they are not aggregates.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

files=("$@")
if (($# == 0)); then mapfile -t files < <(git ls-files 'src/*.[ch]pp' 'testkit/*.[ch]pp' 'tests/*.[ch]pp' 'bench/*.[ch]pp'); fi
[[ ${1:-} == --self-test ]] && files=(--self-test tests/tools/coroutine_spellings.txt)

exec perl -w - "${files[@]}" <<'PERL'
use strict;

# Each rule gets one statement, with the bodies of lambdas and the texts of literals taken out.
my @rules = (
  # GCC 106188: co_await in the condition of a body without local variables resumes into nowhere.
  ['106188', 'co_await in a condition: await into a named local first', sub {
    my ($s) = @_;
    return 0 unless $s =~ /^(?:else\s+)?(if|while|switch|for)\b\s*(?:constexpr\s*)?\((.*)\)$/s;
    my ($keyword, $head) = ($1, $2);
    my ($first, @rest) = split /;/, $head, -1;
    my $declares = qr/^[\w:<>,\s]*[\w>\]&*]\s*(?:&&?\s*)?(?:\[[^\]]*\]|\s\w+)\s*=[^=]/;
    return 1 if grep { /\bco_await\b/ } @rest;
    return 0 unless $first =~ /\bco_await\b/;
    return $first !~ $declares if $keyword ne 'for';
    return !@rest;  # a range-for over what was awaited
  }],
  # GCC 100611, 107288: a closure that owns something is destroyed twice in an awaiting expression.
  ['100611', 'a lambda that captures by value beside co_await: give it a name first', sub {
    my ($s) = @_;
    return 0 unless $s =~ /\bco_await\b/;
    while ($s =~ /(\w+|\S)?\s*\[([^\[\]]*)\]/g) {
      my ($before, $captures) = ($1 // '', $2);
      next if $before =~ /^(?!co_await|co_return|co_yield|return)\w+$/ || $before =~ /^[\])\[]$/;
      next if substr($s, 0, $-[2]) =~ /\bauto\s*(?:const\s*)?&{0,2}\s*\[$/;  # structured binding
      return 1 if grep { !/^\s*(?:&.*|this|)\s*$/s } split /,/, $captures;
    }
    return 0;
  }],
  # Same family as GCC 107288: temporaries of a conditional's branches are destroyed twice.
  ['107288', 'co_await and ?: in one statement: use if and else', sub {
    $_[0] =~ /\bco_await\b/ && $_[0] =~ /\?/;
  }],
  # GCC 99576, 95599: a braced temporary of an aggregate in an awaiting expression is destroyed twice;
  # GCC 103871: a braced list there does not compile.
  ['99576', 'a braced temporary beside co_await: give it a name first', sub {
    my ($s) = @_;
    return 0 unless $s =~ /\bco_await\b/;
    # Library classes with constructors are known to be harmless.
    my $harmless = qr/\b(?:std::(?!array\b|vector\b)[\w:]+|(?:asio|tcp|ip|chrono|boost)::[\w:]+|error_code|string|string_view)(?:<[\w:<>,\s*]*>)?/;
    1 while $s =~ s/$harmless\s*\{(?![^{}]*\bco_await\b)[^{}]*\}/VALUE/;
    $s =~ s/\{\.\.\.\}//g;  # a lambda's body
    return $s =~ /\{/;
  }],
  # GCC 99576 again: the default argument becomes such a temporary wherever the call is awaited.
  ['99576', 'a braced default argument of a coroutine: write an overload', sub {
    $_[0] =~ /\bawaitable\s*<.*>\s*[\w:]+\s*\(.*=\s*(?:[\w:]+\s*)?\{/s;
  }],
);

my ($self_test, $count) = (0, 0);
if (@ARGV && $ARGV[0] eq '--self-test') { $self_test = 1; shift @ARGV; }
my (%found, $name);

sub report {
  my ($line, $rule) = @_;
  $found{$line}{$rule->[0]} = 1;
  $count++;
  print STDERR "$name:$line: $rule->[1] (GCC $rule->[0])\n" unless $self_test;
}

sub check {
  my ($text, $line) = @_;
  $text =~ s/^(\s*)//;
  $line += ($1 =~ tr/\n//);
  $text =~ s/\s+$//;
  for my $rule (@rules) { report($line, $rule) if $rule->[2]->($text); }
}

# Walks a block, from behind its `{` to its `}`, statement by statement; returns where it ended.
sub walk;
sub walk {
  my ($code, $at, $line) = @_;
  my ($text, $start, $round) = ('', $$line, 0);
  my $flush = sub { check($text, $start); $text = ''; $start = $$line; };
  my @braces;  # of initialisers within the statement
  while ($$at < length $$code) {
    my $c = substr $$code, $$at++, 1;
    if ($c eq "\n") { $$line++; }
    if ($c eq '(') { $round++; } elsif ($c eq ')') { $round--; }
    if ($c eq '{') {
      my $lambda = $text =~ /\[[^\[\]]*\]\s*(?:\((?:[^()]|\([^()]*\))*\))?\s*(?:mutable|noexcept|constexpr|\s)*(?:->[\w:<>,&*\s]+)?$/
        && $text !~ /[\w\])]\s*\[[^\[\]]*\]\s*$/;
      my $block = !$lambda && $round == 0 && !@braces
        && ($text =~ /(?:\)|\belse|\bdo|\btry|\bconst|\bnoexcept|\boverride|\bfinal|[:>])\s*$/ && $text !~ /=[^()]*>\s*$/
          || $text =~ /^\s*$/
          || $text =~ /^\s*(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern|export)\b[^=()]*$/s
          || $text =~ /\)\s*(?:const\s*|noexcept\s*|override\s*|mutable\s*)*->[\w:<>,&*\s]+$/
          || $text =~ /\bcase\b[^?]*:\s*$|\bdefault\s*:\s*$/);
      if ($lambda) { walk($code, $at, $line); $text .= '{...}'; next; }
      if ($block) { $flush->(); walk($code, $at, $line); $start = $$line; next; }
      push @braces, 1;
    } elsif ($c eq '}') {
      if (!@braces) { $flush->(); return; }
      pop @braces;
    } elsif ($c eq ';' && $round == 0 && !@braces) {
      $flush->();
      next;
    }
    if ($c eq ':' && $text =~ /^\s*(?:public|private|protected|default|case\s+[\w:]*\w)\s*$/ &&
        substr($$code, $$at, 1) ne ':') {
      $flush->();
      next;
    }
    # The head of a control statement is a statement of its own, braces or not.
    $text .= $c;
    if ($c eq ')' && $round == 0 && $text =~ /^\s*(?:else\s+)?(?:if|while|switch|for)\b/) { $flush->(); }
  }
  $flush->();
}

for (@ARGV) {
  $name = $_;
  open my $file, '<', $name or die "$name: $!\n";
  my $code = do { local $/; <$file> };
  my $blank = sub { my $t = shift; $t =~ s/[^\n]//g; $t };
  my %expected;
  if ($self_test) {
    my $number = 0;
    for my $text (split /\n/, $code) { $number++; $expected{$number}{$1} = 1 if $text =~ m{// flagged: (\S+)}; }
  }
  $code =~ s{(//[^\n]*)|(/\*.*?\*/)|R"(\w*)\(.*?\)\3"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)'|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*}{
    my $all = $&; defined $1 || defined $2 || $all =~ /^\s*#/ ? ' ' . $blank->($all) : '""' . $blank->($all) }gemsx;
  my ($at, $line) = (0, 1);
  walk(\$code, \$at, \$line) while $at < length $code;
  next unless $self_test;
  my $wrong = 0;
  my %lines = (%expected, %found);
  for my $number (sort { $a <=> $b } keys %lines) {
    for my $rule (keys %{{ %{$expected{$number} // {}}, %{$found{$number} // {}} }}) {
      next if $expected{$number}{$rule} && $found{$number}{$rule};
      $wrong++;
      print STDERR "$name:$number: rule $rule " . ($expected{$number}{$rule} ? 'missed' : 'wrongly applied') . "\n";
    }
  }
  printf "coroutine lint: %d bad spellings flagged, %d mistakes\n", scalar keys %expected, $wrong;
  exit($wrong != 0 || !%expected);
}
if ($count) { print STDERR "coroutine lint: $count findings\n"; exit 1; }
printf "coroutine lint: %d files, nothing found\n", scalar @ARGV;
PERL
