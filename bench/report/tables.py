"""Results as tables.

Of repetitions each figure is the median; "x floor" is the median of the ratios within the repetitions.
"""

import dataclasses
import html
import itertools

from results import DIRECT, FLOOR, HANDSHAKES, PRODUCT, PRODUCTION, duration, figure, whole


@dataclasses.dataclass
class Table:
    title: str
    columns: list
    text_columns: int = 1  # the first ones are texts; the others hold figures
    rows: list = dataclasses.field(default_factory=list)

    def html(self):
        out = '<div class="table"><table>'
        if self.title:
            out += f"<caption>{html.escape(self.title)}</caption>"
        out += "<thead><tr>"
        for place, column in enumerate(self.columns):
            out += f"<th{self.html_class(place)}>{html.escape(column)}</th>"
        out += "</tr></thead><tbody>"
        for place, row in enumerate(self.rows):
            above = self.rows[place - 1] if place else None
            out += "<tr>" if above and above[0] == row[0] else '<tr class="first">'
            for column, cell in enumerate(row):
                # Texts stand once for all rows that begin alike up to them, but for the last one.
                if column + 1 < self.text_columns:
                    begin = row[: column + 1]
                    if above and above[: column + 1] == begin:
                        continue
                    alike = itertools.takewhile(lambda it: it[: column + 1] == begin, self.rows[place:])
                    out += f'<td rowspan="{len(list(alike))}">'
                else:
                    out += f"<td{self.html_class(column)}>"
                out += html.escape(cell) + "</td>"
            out += "</tr>\n"
        return out + "</tbody></table></div>\n"

    def html_class(self, column):
        return "" if column < self.text_columns else ' class="figure"'

    def markdown(self):
        """Returns the table with its columns padded, so that it is also readable as it is."""
        # A bar would end the cell.
        rows = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row]
                for row in (self.columns, *self.rows)]
        widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(self.columns))]
        lines = []
        for row in rows:
            cells = (cell.ljust(width) if i < self.text_columns else cell.rjust(width)
                     for i, (cell, width) in enumerate(zip(row, widths)))
            lines.append("| " + " | ".join(cells) + " |\n")
        rule = "".join("-" * (width + 1) + ("-|" if i < self.text_columns else ":|")
                       for i, width in enumerate(widths))
        return lines[0] + "|" + rule + "\n" + "".join(lines[1:])


def times(ratio):
    return "-" if ratio == 0 else f"{ratio:.{2 if ratio < 10 else 1}f}x"


def mebibytes(count):
    return figure(count / (1 << 20))


def times_of(group, cell, base):
    other = group.of(base)
    return "-" if other is None else times(cell.ratio(other, "us_per_post"))


def added(group, cell, measure):
    """Returns by how much it is above the same load without a gateway."""
    direct = group.of(DIRECT)
    if direct in (None, cell):
        return "-"
    difference = cell.difference(direct, measure)
    return "-" + duration(-difference) if difference < 0 else duration(difference)


def durations(cell, *measures):
    return [duration(cell.median(measure)) for measure in measures]


def figures(cell, *measures):
    return [figure(cell.median(measure)) for measure in measures]


def losses(cell):
    return [whole(cell.most("errors")), whole(cell.most("missing"))]


def cells(results, choose):
    for group in results.groups:
        if choose(group):
            for cell in group.cells:
                yield group, cell, [group.name, str(group.load), cell.gateway]


def production(results):
    groups = [group for group in results.groups if group.suite == PRODUCTION and not group.load.open]
    table = Table("In the form it is run in", ["form"])
    forms = {}
    for group in groups:
        records = group.load.records
        table.columns += [f"{records} record{'' if records == '1' else 's'} a post: µs/record", "x plain"]
        for cell in group.cells:
            forms.setdefault(cell.gateway.removeprefix(f"{PRODUCT}, ").replace(PRODUCT, "plain"), None)
    for form in forms:
        row = [form]
        for group in groups:
            cell = group.of(PRODUCT if form == "plain" else f"{PRODUCT}, {form}")
            row += [figure(cell.median("us_per_record")), times_of(group, cell, PRODUCT)] if cell else ["-"] * 2
        table.rows.append(row)
    return table


def handshakes(results):
    groups = [group for group in results.groups if group.suite == HANDSHAKES]
    servers = list(dict.fromkeys(cell.gateway for group in groups for cell in group.cells))
    table = Table("New TLS connections a core-second, each for one short request",
                  ["key", *servers, *(f"{PRODUCT} / {server}" for server in servers if server != PRODUCT)])
    for group in groups:
        row = [group.name.removeprefix(HANDSHAKES).replace("-resumed", ", resumed")]
        row += [figure(1e6 / cost) if cost else "-"
                for cost in (group.of(server).median("us_per_post") if group.of(server) else 0
                             for server in servers)]
        own = group.of(PRODUCT)
        for server in servers:
            if server != PRODUCT:
                other = group.of(server)
                row.append(times(other.ratio(own, "us_per_post")) if own and other else "-")
        table.rows.append(row)
    return table


def measures_of_spool(results, scenario, title, measures):
    """Returns a table of a scenario of cos-soak with a row a load and a column a measure."""
    table = Table(title, ["load", *measures])
    for load, numbers in results.spool.get(scenario, {}).items():
        table.rows.append([load, *(figure(numbers.get(measure, 0)) for measure in measures)])
    return table


def spooling(results):
    return measures_of_spool(results, "spool-rate", "Spooled, an fsync before each answer",
                             ["spooled records/s", "records/commit", "device records/s",
                              "share of the device", "spooled, shard us/record", "spooled, store us/record"])


def replay(results):
    return measures_of_spool(results, "replay-rate", "Replayed when the eventbus is back",
                             ["delivery records/s", "replayed records/s", "share of delivery",
                              "new posts alone, p99 ms", "new posts during replay, p99 ms"])


def closed_loops(results):
    columns = ["run", "load", "gateway", "CPU µs/post", "µs/record", "user + system", "x floor",
               "x cos-gateway", "posts/s", "records/s", "p50", "p99", "peak MiB", "errors", "missing",
               "runs"]
    table = Table("As fast as answers come", columns, 3)
    for group, cell, texts in cells(results, lambda group: not (group.load.open or group.suite)):
        table.rows.append([
            *texts,
            *figures(cell, "us_per_post", "us_per_record"),
            " + ".join(figures(cell, "user_us_per_record", "system_us_per_record")),
            times_of(group, cell, FLOOR),
            times_of(group, cell, PRODUCT),
            *figures(cell, "posts_per_s", "records_per_s"),
            *durations(cell, "p50", "p99"),
            mebibytes(cell.median("resident_peak")),
            *losses(cell),
            f"{len(cell.runs)} (±{50 * cell.spread('us_per_post'):.0f} %)",
        ])
    return table


def open_loops(results, suite=""):
    columns = ["run", "load", "gateway", "posts/s due", "posts/s", "p50", "p90", "p99", "p99.9", "max",
               "p50 added", "p99 added", "CPU µs/post", "x cos-gateway", "waited µs/post", "errors",
               "missing", "runs"]
    table = Table("At a fixed rate, latency from when a post was due", columns, 3)
    if suite:
        table.title += f" ({suite.removesuffix('-')})"
    for group, cell, texts in cells(results, lambda group: group.load.open and group.suite == suite):
        table.rows.append([
            *texts,
            figure(group.load.rate),
            *figures(cell, "posts_per_s"),
            *durations(cell, "p50", "p90", "p99", "p999", "max"),
            added(group, cell, "p50"),
            added(group, cell, "p99"),
            *figures(cell, "us_per_post"),
            times_of(group, cell, PRODUCT),
            *figures(cell, "waited_us_per_post"),
            *losses(cell),
            str(len(cell.runs)),
        ])
    return table


def quantiles(results):
    table = Table("", ["run", "load", "gateway", "p50", "p90", "p99", "p99.9", "max"], 3)
    for _, cell, texts in cells(results, lambda group: True):
        table.rows.append([*texts, *durations(cell, "p50", "p90", "p99", "p999", "max")])
    return table


def instructions(results):
    table = Table("Instructions in user space, counted exactly",
                  ["gateway", "records a post", "connections", "per post", "per record"])
    for count in results.counts:
        per_post, records = count["per_post"], count["records_per_post"]
        table.rows.append([count["gateway"], whole(records), whole(count["connections"]), whole(per_post),
                           whole(per_post / records) if records else "-"])
    return table


def parts(results):
    table = Table("Parts", ["part", "ns/call", "instructions/call", "instructions/item"])
    for part in results.parts:
        counted = part["instructions"]
        table.rows.append([
            part["name"],
            figure(part["nanoseconds"]) if part["nanoseconds"] else "-",
            whole(counted) if counted else "-",
            whole(counted / part["items"]) if counted and part["items"] else "-",
        ])
    return table


def markdown(results):
    """Returns the whole as Markdown: bench/RESULTS.md, and what a terminal is shown."""
    out = results.origin() + "\n"
    for table in (production(results), open_loops(results, PRODUCTION), handshakes(results),
                  spooling(results), replay(results), closed_loops(results), open_loops(results),
                  instructions(results), parts(results)):
        if table.rows:
            out += f"\n## {table.title}\n\n{table.markdown()}"
    if results.simdjson:
        out += f"\nInstructions are those with simdjson's code for {results.simdjson}.\n"
    if results.commands:
        out += "\n## Command lines\n\n" + "".join(f"    {command}\n" for command in results.commands)
    return out
