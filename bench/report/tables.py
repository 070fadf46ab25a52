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


def middle(measure, form=figure):
    return lambda group, cell: form(cell.median(measure))


def most(measure):
    return lambda group, cell: whole(cell.most(measure))


def against(base):
    return lambda group, cell: times_of(group, cell, base)


# What tables of loads say of a cell, by the heads of their columns.
LATENCIES = {"p50": middle("p50", duration), "p90": middle("p90", duration), "p99": middle("p99", duration),
             "p99.9": middle("p999", duration), "max": middle("max", duration)}
LOSSES = {"errors": most("errors"), "missing": most("missing")}
CLOSED = {
    "CPU µs/post": middle("us_per_post"),
    "µs/record": middle("us_per_record"),
    "user + system": lambda group, cell: " + ".join(
        figure(cell.median(measure)) for measure in ("user_us_per_record", "system_us_per_record")),
    "x floor": against(FLOOR),
    "x cos-gateway": against(PRODUCT),
    "posts/s": middle("posts_per_s"),
    "records/s": middle("records_per_s"),
    "p50": LATENCIES["p50"],
    "p99": LATENCIES["p99"],
    "peak MiB": middle("resident_peak", mebibytes),
    **LOSSES,
    "runs": lambda group, cell: f"{len(cell.runs)} (±{50 * cell.spread('us_per_post'):.0f} %)",
}
OPEN = {
    "posts/s due": lambda group, cell: figure(group.load.rate),
    "posts/s": middle("posts_per_s"),
    **LATENCIES,
    "p50 added": lambda group, cell: added(group, cell, "p50"),
    "p99 added": lambda group, cell: added(group, cell, "p99"),
    "CPU µs/post": middle("us_per_post"),
    "x cos-gateway": against(PRODUCT),
    "waited µs/post": middle("waited_us_per_post"),
    **LOSSES,
    "runs": lambda group, cell: str(len(cell.runs)),
}


def of_loads(results, title, columns, choose=lambda group: True):
    """Returns a table with a row for each gateway that met a load which is chosen."""
    table = Table(title, ["run", "load", "gateway", *columns], 3)
    for group in results.groups:
        for cell in group.cells if choose(group) else ():
            table.rows.append([group.name, str(group.load), cell.gateway,
                               *(said(group, cell) for said in columns.values())])
    return table


def closed_loops(results):
    return of_loads(results, "As fast as answers come", CLOSED,
                    lambda group: not (group.load.open or group.suite))


def open_loops(results, suite=""):
    title = "At a fixed rate, latency from when a post was due"
    return of_loads(results, f"{title} ({suite.removesuffix('-')})" if suite else title, OPEN,
                    lambda group: group.load.open and group.suite == suite)


def quantiles(results):
    return of_loads(results, "", LATENCIES)


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
    others = [server for server in servers if server != PRODUCT]
    table = Table("New TLS connections a core-second, each for one short request",
                  ["key", *servers, *(f"{PRODUCT} / {server}" for server in others)])
    for group in groups:
        row = [group.name.removeprefix(HANDSHAKES).replace("-resumed", ", resumed")]
        for server in servers:
            cost = group.of(server).median("us_per_post") if group.of(server) else 0
            row.append(figure(1e6 / cost) if cost else "-")
        own = group.of(PRODUCT)
        for server in others:
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
    out = results.origin + "\n"
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
