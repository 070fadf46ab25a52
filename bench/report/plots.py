"""Results as plots.

Each function returns one plot for every set of loads that differ in nothing but what the plot runs
over; a set of one load gives none.
"""

import dataclasses
import math

from plot import Plot, Point, Scale, Series
from results import duration, figure, plain

MEBIBYTE = 1 << 20


def families(results, alike):
    """Yields (text, groups) of the loads that `alike` makes equal; a load it makes None is left out."""
    found = {}
    for group in results.groups:
        load = alike(group.load)
        if load is not None and not group.suite:
            # Of runs that look alike, as one with longer keys does, the first is the plain one.
            place = (group.load.records_per_post, group.load.connections, group.load.rate)
            found.setdefault(str(load), {}).setdefault(place, group)
    for text, groups in found.items():
        yield text, [groups[place] for place in sorted(groups)]


def over_connections(load):
    return None if load.open else dataclasses.replace(load, connections=0)


def over_records(load):
    return None if load.open or load.records_per_post <= 0 else dataclasses.replace(load, records="n")


def over_rates(load):
    return load if load.open else None


def lines(results, groups, to_point, dashed=False):
    """Returns a line a gateway through all groups."""
    out = []
    for colour, gateway in enumerate(results.gateways()):
        points = [to_point(group, cell) for group in groups if (cell := group.of(gateway))]
        if points:
            out.append(Series(gateway, colour, points, dashed))
    return out


def is_line(plot):
    return any(series.points[0].x != series.points[-1].x for series in plot.series)


def spread(cell, x, at, measure, unit, scale=1):
    """Returns the point of a cell at `x`, with the range of its repetitions."""
    middle, low, high = (of(measure) / scale for of in (cell.median, cell.least, cell.most))
    tip = (f"{cell.gateway}, {at}: {figure(middle)} {unit} ({figure(low)} to {figure(high)}, "
           f"{len(cell.runs)} runs)")
    return Point(x, middle, tip, low, high)


def without_connections(text):
    return text.split(", ", 1)[1]


def cpu_by_batch(results):
    def to_point(group, cell):
        return spread(cell, group.load.records_per_post, f"{group.load.records} a post",
                      "us_per_record", "µs per record")

    plots = []
    for text, groups in families(results, over_records):
        title = "CPU per record by records in a post, " + text.replace(", n records a post", "")
        x, y = Scale("records in a post", True), Scale("CPU µs per record", True)
        plots.append(Plot(title, x, y, lines(results, groups, to_point)))
    return [plot for plot in plots if is_line(plot)]


def by_connections(results, title, label, *measure):
    """Returns plots of a measure, with its unit, over the connections of closed loops."""

    def to_point(group, cell):
        connections = group.load.connections
        return spread(cell, connections, f"{plain(connections)} connections", *measure)

    plots = []
    for text, groups in families(results, over_connections):
        x, y = Scale("connections", True), Scale(label, True)
        plots.append(Plot(f"{title} by connections, {without_connections(text)}", x, y,
                          lines(results, groups, to_point)))
    return [plot for plot in plots if is_line(plot)]


def latency_by_throughput(results):
    """Of open loops over their rates, and of closed ones over their connections."""

    def plot(title, groups, name):
        out = Plot(title, Scale("posts per second"), Scale("p99, and p50 dashed", True, True))
        for measure in ("p99", "p50"):

            def to_point(group, cell, measure=measure):
                rate, latency = cell.median("posts_per_s"), cell.median(measure)
                tip = (f"{cell.gateway}: {measure} {duration(latency)} at {figure(rate)} posts/s, "
                       f"{name(group)}")
                return Point(rate, latency, tip, latency, latency)

            for series in lines(results, groups, to_point, measure == "p50"):
                series.name = "" if series.dashed else series.name
                if len(series.points) > 1:
                    out.series.append(series)
        return out

    plots = []
    for text, groups in families(results, over_rates):
        title = "Latency by throughput at fixed rates, " + text
        plots.append(plot(title, groups, lambda group: f"{figure(group.load.rate)} due"))
    for text, groups in families(results, over_connections):
        title = "Latency by throughput as connections grow, " + without_connections(text)
        plots.append(plot(title, groups,
                          lambda group: f"{plain(group.load.connections)} connections"))
    return [plot for plot in plots if is_line(plot)]


def latency_histograms(results):
    """Returns one plot for every scenario and load; gateways at rates of their own share one."""
    colours = {gateway: colour for colour, gateway in enumerate(results.gateways())}
    plots = []
    for group in results.groups:
        title = f"{group.name}: {group.load}" if group.name else str(group.load)
        title += ", at a fixed rate" if group.load.open else ""
        for cell in group.cells:
            series = histogram(cell, colours[cell.gateway])
            if not series.points:
                continue
            for plot in plots:
                if plot.title == title and all(each.name != cell.gateway for each in plot.series):
                    break
            else:
                plot = Plot(title, Scale("latency", True, True), Scale("% of posts"), steps=True)
                plots.append(plot)
            plot.series.append(series)
    return plots


def histogram(cell, colour):
    """Returns the shares of posts in twenty bins a decade, whatever the buckets: shares then compare."""
    bins = {}
    for upper, count in cell.histogram().items():
        if upper > 0:
            place = math.ceil(math.log10(upper) * 20)
            bins[place] = bins.get(place, 0) + count
    total = sum(bins.values())
    points = []
    for place in range(min(bins) - 1, max(bins) + 2) if total else ():
        share, upper = 100 * bins.get(place, 0) / total, 10 ** (place / 20)
        took = f"{duration(upper / 10**0.05)} to {duration(upper)}"
        tip = f"{cell.gateway}: {figure(share)} % of posts took {took}"
        points.append(Point(upper, share, tip, share, share))
    return Series(cell.gateway, colour, points)
