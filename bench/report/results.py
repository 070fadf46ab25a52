"""Reads the JSON that cos-bench writes (bench/load/result.hpp describes it).

A member that is missing or of another type reads as 0 or empty, so that older and newer files can be
shown.
"""

import dataclasses
import functools
import math
import statistics

PRODUCT = "cos-gateway"
FLOOR = "floor"
DIRECT = "direct"  # without a gateway: the load meets the eventbus

# What the names of the runs of a suite with a table of its own begin with.
PRODUCTION = "production-"
HANDSHAKES = "handshakes-"
SUITES = (PRODUCTION, HANDSHAKES)

# The figures of one run, by the member that they stand in. Latencies and CPU times in µs.
MEASURES = {
    (): ("posts_per_s", "records_per_s", "missing"),
    ("latency_us",): ("p50", "p90", "p99", "p999", "max"),
    ("cpu",): ("us_per_post", "waited_us_per_post", "us_per_record", "user_us_per_record",
               "system_us_per_record"),
}


def read(empty, value, *names):
    """Returns a member, or `empty`, of which type it has to be."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    kinds = (int, float) if type(empty) is int else type(empty)
    # True and False count as integers in Python, but not here.
    right = isinstance(value, kinds) and isinstance(value, bool) == isinstance(empty, bool)
    return value if right else empty


number, text, items, members = (functools.partial(read, empty) for empty in (0, "", [], {}))


def figures_of(value, name, *figures):
    """Returns a text and the numbers by the names of their members."""
    return {name: text(value, name), **{figure: number(value, figure) for figure in figures}}


def median(values):
    return statistics.median(values) if values else 0


def figure(value):
    """Returns the value with three digits that matter, as a text."""
    size = abs(value)
    if size == 0:
        return "0"
    # What rounds up to the next power of ten has that one's digits.
    decimals = min(max(2 - math.floor(math.log10(size * 1.0005)), 0), 6)
    return f"{value:.{decimals}f}" if size < 100 else f"{value:,.0f}"


def whole(value):
    return f"{value:,.0f}"


def plain(value):
    return str(int(value)) if value == int(value) else str(value)


def duration(us):
    for unit, name in ((1e6, "s"), (1e3, "ms")):
        if us >= unit:
            return f"{figure(us / unit)} {name}"
    return f"{figure(us)} µs"


@dataclasses.dataclass(frozen=True)
class Load:
    open: bool  # posts come at a rate, whatever becomes of those before
    rate: float  # posts per second of an open loop
    connections: float
    records: str  # of a post: a number or a distribution
    records_per_post: float  # on average
    more: tuple  # what is unusual about it, in words

    def __str__(self):
        """Returns "64 connections, 10 records a post, TLS"; without the rate."""
        return ", ".join((f"{plain(self.connections)} connection{'' if self.connections == 1 else 's'}",
                          f"{self.records} record{'' if self.records == '1' else 's'} a post", *self.more))


class Run:
    def __init__(self, run):
        result = members(run, "result")
        self.measures = {name: number(result, *path, name) for path, names in MEASURES.items()
                         for name in names}
        self.measures["resident_peak"] = number(result, "resident_bytes", "peak")  # bytes
        codes = members(result, "errors")
        self.measures["errors"] = sum(number(codes, code) for code in codes)
        self.histogram = [  # upper end in µs, count
            tuple(pair)
            for pair in items(result, "histogram")
            if isinstance(pair, list) and len(pair) == 2
            and all(isinstance(value, (int, float)) for value in pair)
        ]
        self.repetition = number(run, "repetition") or number(result, "repetition")


class Cell:
    """The repetitions of one load on one gateway."""

    def __init__(self, gateway, runs):
        self.gateway = gateway  # with its settings, where they are not the usual ones
        self.runs = runs

    def values(self, measure):
        return [run.measures[measure] for run in self.runs]

    def median(self, measure):
        return median(self.values(measure))

    def least(self, measure):
        return min(self.values(measure), default=0)

    def most(self, measure):
        return max(self.values(measure), default=0)

    def spread(self, measure):
        """Returns how far the repetitions lie apart, as a share of their median."""
        middle = self.median(measure)
        return (self.most(measure) - self.least(measure)) / middle if middle else 0

    def histogram(self):
        """Returns the counts of all repetitions, added up, by upper end."""
        total = {}
        for run in self.runs:
            for upper, count in run.histogram:
                total[upper] = total.get(upper, 0) + count
        return dict(sorted(total.items()))

    def pairs(self, base, measure):
        """Yields (value, value of base) for each repetition that both have: these ran side by side."""
        others = {run.repetition: run.measures[measure] for run in reversed(base.runs)}
        for run in self.runs:
            if run.repetition in others:
                yield run.measures[measure], others[run.repetition]

    def ratio(self, base, measure):
        """Returns the median of the ratios within the repetitions; 0 if there is nothing to divide."""
        return median([value / other for value, other in self.pairs(base, measure) if other])

    def difference(self, base, measure):
        return median([value - other for value, other in self.pairs(base, measure)])


class Group:
    """One load of one scenario and what each gateway made of it."""

    def __init__(self, name, load):
        self.name = name
        self.load = load
        self.suite = next((suite for suite in SUITES if name.startswith(suite)), "")
        self.runs = {}  # by gateway
        self.cells = []

    def of(self, gateway):
        return next((cell for cell in self.cells if cell.gateway == gateway), None)


def rank(gateway):
    """Returns the order of gateways: the product and its forms as they ran, the floor, the others by
    name."""
    place = 0 if gateway.startswith(PRODUCT) else 1 if gateway.startswith(FLOOR) else 2
    return place, "" if place == 0 else gateway


class Results:
    def __init__(self, document):
        # "cos-gateway 0.1.0 on AMD EPYC, 2 cores, Linux 6.1, 2026-01-02T03:04:05Z"
        self.origin = (
            f"{PRODUCT} {text(document, 'program', 'version')} on {text(document, 'machine', 'cpu')}, "
            f"{plain(number(document, 'machine', 'cores'))} cores, "
            f"Linux {text(document, 'machine', 'kernel')}, {text(document, 'at')}"
        )
        commands = [command for command in items(document, "commands") if isinstance(command, str)]
        found = {}
        for run in items(document, "runs"):
            name, load = text(run, "name"), read_load(run)
            group = found.setdefault((name, load.rate, str(load)), Group(name, load))
            group.runs.setdefault(label(run), []).append(Run(run))
            commands.append(text(run, "command"))
        self.groups = list(found.values())  # in order of first appearance
        for group in self.groups:
            group.cells = [Cell(gateway, group.runs[gateway]) for gateway in sorted(group.runs, key=rank)]
        self.commands = [command for command in dict.fromkeys(commands) if command]
        self.simdjson = text(document, "micro", "simdjson")  # its code that valgrind counted
        # Items are what one call does over and over; instructions and nanoseconds are those of one
        # call, 0 if it was not counted or timed.
        self.parts = [figures_of(part, "name", "items", "instructions", "nanoseconds")
                      for part in items(document, "micro", "subjects")]
        # By scenario and load: what was measured, by name.
        self.spool = {}
        for outcome in items(document, "spool"):
            numbers = members(outcome, "numbers")
            for name in numbers:
                load, _, measure = name.rpartition(": ")
                loads = self.spool.setdefault(text(outcome, "scenario"), {})
                loads.setdefault(load, {})[measure] = number(numbers, name)
        self.counts = [figures_of(count, "gateway", "records_per_post", "connections", "per_post")
                       for count in items(document, "instructions")]

    def gateways(self):
        found = dict.fromkeys(cell.gateway for group in self.groups for cell in group.cells)
        return sorted(found, key=rank)


def label(run):
    out = text(run, "gateway", "kind")
    threads = number(run, "gateway", "threads")
    if threads > 1:
        out += f", {plain(threads)} threads"
    pipeline = text(run, "gateway", "pipeline")
    return out + (f", pipeline {pipeline}" if pipeline else "")


def read_load(run):
    load = members(run, "load")
    records = text(load, "records_per_post")
    mean = number(load, "records_per_post")
    if records:
        try:
            mean = float(records)
        except ValueError:  # a distribution
            posts = number(run, "result", "posts")
            mean = number(run, "result", "records") / posts if posts else 0
    depth = number(load, "depth")
    latency, failing = (number(run, "sink", name) for name in ("latency_us", "fail_share"))
    more = ((depth > 1, f"{plain(depth)} outstanding on each"),
            (read(False, load, "new_connection_per_post"), "a new connection each"),
            (read(False, load, "tls"), "TLS"),
            (read(False, load, "signed"), "signed"),
            (latency, f"eventbus takes {duration(latency)}"),
            (failing, f"{figure(100 * failing)} % fail"))
    return Load(text(load, "loop") == "open", number(load, "rate"), number(load, "connections"),
                records or plain(mean), mean, tuple(what for holds, what in more if holds))
