#!/usr/bin/env python3
"""Makes readable what a benchmark has measured: tables, a comparison, an HTML page with plots."""

import argparse
import html
import json
import pathlib
import string
import sys

import compare
import plots
import tables
from join import join
from results import FLOOR, PRODUCT, Results, duration, plain, whole

MOST_TILES = 3  # loads of which the page shows the figures at its top
SHOWN_HISTOGRAMS = 2  # the others are folded


def tiles(results):
    """Returns what most readers come for, as far as it was measured."""
    out = ""

    def tile(value, what):
        return f"<li><b>{html.escape(value)}</b><span>{html.escape(what)}</span></li>"

    closed = [group for group in results.groups if not group.load.open]
    loads = [(group, group.of(PRODUCT), group.of(FLOOR)) for group in closed]
    loads = [each for each in loads if each[1] and each[2] and each[1].median("us_per_record")]
    for group, cell, floor in loads[:MOST_TILES]:
        times = tables.times(cell.ratio(floor, "us_per_post"))
        what = f"CPU per record: {group.load}; {times} the floor"
        out += tile(duration(cell.median("us_per_record")), what)
    for count in results.counts:
        if count["gateway"] == PRODUCT and count["records_per_post"]:
            what = f"user instructions per record, {plain(count['records_per_post'])} a post"
            out += tile(whole(count["per_post"] / count["records_per_post"]), what)
    if results.groups:
        cells = (cell for group in results.groups for cell in group.cells)
        missing = sum(cell.most("missing") for cell in cells if cell.gateway.startswith(PRODUCT))
        out += tile(whole(missing), "records acknowledged that did not arrive")
    return f'<ul class="tiles">{out}</ul>\n'


def section(heading, text, table=None, drawn=(), shown=None):
    """Returns a section; plots beyond `shown` of them are folded."""
    rows = table is not None and table.rows
    if not drawn and not rows:
        return ""
    out = f"<section><h2>{html.escape(heading)}</h2><p>{html.escape(text)}</p>\n"
    figures = [plot.draw() for plot in drawn]
    out += f'<div class="plots">{"".join(figures[:shown])}</div>\n'
    if folded := figures[shown:] if shown else []:
        out += f"<details><summary>{len(folded)} more</summary>"
        out += f'<div class="plots">{"".join(folded)}</div></details>\n'
    return out + (table.html() if rows else "") + "</section>\n"


def comparison(results, previous):
    changes = compare.compare(results, previous)
    notable, everything = compare.table(changes, False), compare.table(changes, True)
    notable.title = everything.title = ""
    return (
        f"<section><h2>Against the previous run</h2><p>{html.escape(previous.origin)}. A change counts "
        "when it is beyond the noise: the threshold, or half the spread of both runs where that is "
        "wider.</p>\n"
        + (notable.html() if notable.rows else "<p>Nothing has changed.</p>\n")
        + f"<details><summary>All {len(changes)} figures</summary>{everything.html()}</details></section>\n"
    )


def page(results, previous=None):
    """Returns one HTML page that needs nothing from anywhere."""
    histograms = plots.latency_histograms(results)
    parts = "Single parts, on their own and in warm caches"
    if results.simdjson:
        parts += f"; instructions are those with simdjson's code for {results.simdjson}"
    body = "".join((
        tiles(results),
        section("In the form it is run in",
                "CPU time per record of the gateway in each form, which took turns with the plain one: no "
                "TLS, no signatures, random ids, no attributes.", tables.production(results)),
        section("Spool",
                "With an fsync before each answer, beside what the device alone syncs in pieces of that "
                "size; then what is replayed when the eventbus is back, beside normal delivery, one "
                "thread.", tables.spooling(results)),
        section("Replay", "The second half of a backlog is replayed beside new posts.",
                tables.replay(results)),
        section("TLS connections",
                "How many new connections a core makes in a second, each for one short request.",
                tables.handshakes(results)),
        section("CPU per record",
                "CPU time of the gateway alone, user and system. The floor is a bare gateway that validates "
                "nothing and never retries. Marks are medians, bars go from the least to the most of the "
                "repetitions.", tables.closed_loops(results), plots.cpu_by_batch(results)),
        section("Throughput against latency",
                "Posts acknowledged per second, and how long an acknowledgement took.",
                tables.open_loops(results), plots.latency_by_throughput(results)),
        section("Latency", "Share of posts in each twentieth of a decade, all repetitions together.",
                tables.quantiles(results) if histograms else None, histograms, SHOWN_HISTOGRAMS),
        section("Connections", "The figures are in the first table.",
                drawn=plots.by_connections(results, "CPU per post", "CPU µs per post", "us_per_post",
                                           "µs per post")
                + plots.by_connections(results, "Memory", "resident MiB, at most", "resident_peak", "MiB",
                                       plots.MEBIBYTE)),
        comparison(results, previous) if previous is not None else "",
        section("Instructions", "Counted by callgrind: they repeat exactly.", tables.instructions(results)),
        section("Parts", parts + ".", tables.parts(results)),
    ))
    if results.commands:
        commands = "".join(html.escape(command) + "\n" for command in results.commands)
        body += f"<section><h2>Command lines</h2><pre>{commands}</pre></section>\n"
    template = pathlib.Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    return string.Template(template).substitute(origin=html.escape(results.origin), body=body)


def read(path):
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        try:
            return json.load(file)
        except ValueError as error:
            raise SystemExit(f"report: {path}: {error}") from error


def report_command(options):
    previous = Results(read(options.previous)) if options.previous else None
    written = page(Results(read(options.results)), previous)
    pathlib.Path(options.output).write_text(written, encoding="utf-8")
    print(options.output)


def table_command(options):
    print(tables.markdown(Results(read(options.results))), end="")


def compare_command(options):
    now, before = Results(read(options.now)), Results(read(options.before))
    changes = compare.compare(now, before, options.noise)
    table = compare.table(changes, options.all)
    said = "of them:" if table.rows else "nothing has changed beyond the noise"
    print(f"{len(changes)} figures compared, {said}")
    if table.rows:
        print(f"\n{table.markdown()}", end="")


def join_command(options):
    document = join([read(suite) for suite in options.suites], read(options.micro_times),
                    read(options.micro_instructions), read(options.instructions), options.commands,
                    read(options.spool))
    text = json.dumps(document, ensure_ascii=False) + "\n"
    pathlib.Path(options.output).write_text(text, encoding="utf-8")


def main(arguments):
    parser = argparse.ArgumentParser(prog="report", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, text):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    report = command("report", report_command, "One HTML page with plots and tables")
    report.add_argument("results", help="JSON of a run")
    report.add_argument("--previous", help="JSON of the run to compare with")
    report.add_argument("-o", "--output", default="report.html", help="the page (%(default)s)")
    table = command("table", table_command, "The figures as Markdown tables")
    table.add_argument("results", help="JSON of a run")
    changes = command("compare", compare_command, "What has changed between two runs")
    changes.add_argument("before", help="JSON of a run")
    changes.add_argument("now", help="JSON of a later run")
    changes.add_argument("--all", action="store_true", help="also what is within the noise")
    changes.add_argument("--noise", type=float, default=compare.MEASURED,
                         help="least share that counts as a change (%(default)s)")
    joined = command("join", join_command, "Puts what several programs measured into one file")
    joined.add_argument("suites", nargs="+", help="JSON of cos-bench; the first gives the machine")
    joined.add_argument("-o", "--output", required=True, help="JSON of it all")
    joined.add_argument("--micro-times", help="micro-bench --benchmark_out")
    joined.add_argument("--micro-instructions", help="micro-bench --instructions")
    joined.add_argument("--instructions", help="count-instructions")
    joined.add_argument("--spool", help="cos-soak --json spool-rate replay-rate")
    joined.add_argument("--command", action="append", default=[], dest="commands",
                        help="a command line to be kept with the results")
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except OSError as error:
        raise SystemExit(f"report: {error}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
