"""A plot as SVG text. Colours come from page.html."""

import dataclasses
import html
import math

COLOURS = 8  # that the page has: gateways beyond take them again
# The drawing in its own units: it is scaled to the page, and still readable on a phone.
WIDTH, HEIGHT = 480, 320
LEFT, RIGHT, TOP, BOTTOM = 70, 12, 12, 44


@dataclasses.dataclass
class Point:
    x: float
    y: float
    tip: str  # what is said about it on hover
    low: float  # of the repetitions
    high: float


@dataclasses.dataclass
class Series:
    name: str  # empty: not in the legend, as it belongs to another one
    colour: int  # number of the gateway: the same in every plot
    points: list  # in the order in which they are joined
    dashed: bool = False


@dataclasses.dataclass
class Scale:
    label: str
    logarithmic: bool = False
    is_duration: bool = False  # in µs; shown in units that fit


@dataclasses.dataclass
class Plot:
    title: str
    x: Scale
    y: Scale
    series: list = dataclasses.field(default_factory=list)
    steps: bool = False  # a histogram: no markers, the line keeps its height up to each x

    def draw(self):
        """Returns a <figure>. Points that cannot stand on a logarithmic scale are left out."""
        points = [point for series in self.series for point in series.points]
        x = Axis(self.x, [point.x for point in points], LEFT, WIDTH - RIGHT)
        heights = [value for point in points for value in (point.y, point.low, point.high)]
        y = Axis(self.y, heights, HEIGHT - BOTTOM, TOP)
        title = html.escape(self.title)
        out = f'<figure><figcaption>{title}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" '
        out += f'role="img" aria-label="{title}">' + frame(x, y)
        # The first gateway is drawn last, over the others.
        out += "".join(self.line(series, x, y) for series in reversed(self.series))
        out += '</svg><ul class="legend">'
        for series in self.series:
            if series.name:
                out += f'<li class="s{series.colour % COLOURS}"><svg viewBox="0 0 24 12">'
                out += '<path class="line" d="M0 6H24"/>'
                out += "" if self.steps else marker(series.colour, 12, 6)
                out += f"</svg>{html.escape(series.name)}</li>"
        return out + "</ul></figure>\n"

    def line(self, series, x, y):
        path = marks = ""
        for point in series.points:
            if not (x.shows(point.x) and y.shows(point.y)):
                continue
            at_x, at_y = x.position(point.x), y.position(point.y)
            if self.steps and path:
                path += f"V{at_y:.1f}H{at_x:.1f}"
            else:
                path += f"{'L' if path else 'M'}{at_x:.1f} {at_y:.1f}"
            if point.low != point.high and y.shows(point.low):
                marks += f'<line class="range" x1="{at_x:.1f}" x2="{at_x:.1f}" '
                marks += f'y1="{y.position(point.low):.1f}" y2="{y.position(point.high):.1f}"/>'
            marks += "" if self.steps else marker(series.colour, at_x, at_y)
            marks += f'<circle class="point" cx="{at_x:.1f}" cy="{at_y:.1f}" r="6" '
            marks += f'data-tip="{html.escape(point.tip)}"/>'
        dashed = " dashed" if series.dashed else ""
        path = f'<path class="line{dashed}" d="{path}"/>'
        return f'<g class="s{series.colour % COLOURS}">{path}{marks}</g>'


class Axis:
    """One direction of a plot: values to positions, and where the labels stand."""

    def __init__(self, scale, values, begin, end):
        self.scale, self.begin, self.end = scale, begin, end
        shown = [value for value in values if self.shows(value)]
        least, most = min(shown, default=1), max(shown, default=1)
        self.ticks = []
        if scale.logarithmic:
            self.low, self.high = least / 1.3, most * 1.3
            # At 1, 2 and 5 times powers of ten, or at those alone where there are many.
            factors = (1,) if math.log10(self.high / self.low) > 2.2 else (1, 2, 5)
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            ticks = (factor * 10.0**power for power in powers for factor in factors)
            self.ticks = [tick for tick in ticks if self.low <= tick <= self.high]
        else:
            # From 0, in steps of 1, 2 or 5 times a power of ten.
            self.low, self.high = 0, most * 1.05 if most > 0 else 1
            power = 10.0 ** math.floor(math.log10(self.high / 6))
            step = next(n * power for n in (1, 2, 5, 10) if n * power >= self.high / 6)
            self.ticks = [i * step for i in range(math.floor(self.high / step) + 1)]

    def shows(self, value):
        return math.isfinite(value) and (value > 0 or not self.scale.logarithmic)

    def position(self, value):
        along = math.log10 if self.scale.logarithmic else float
        share = (along(value) - along(self.low)) / (along(self.high) - along(self.low))
        return self.begin + (self.end - self.begin) * min(max(share, 0), 1)

    def tick_text(self, tick):
        """Returns 12k, 3.4M or 5 ms: ticks have little room."""
        names = (" s", " ms", " µs") if self.scale.is_duration else ("M", "k", "")
        unit, name = next(each for each in zip((1e6, 1e3, 0), names) if tick >= each[0])
        return f"{tick / (unit or 1):g}{name}"


def frame(x, y):
    out = ""
    bottom = HEIGHT - BOTTOM
    for tick in y.ticks:
        at = y.position(tick)
        out += f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        out += f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{y.tick_text(tick)}</text>'
    for tick in x.ticks:
        at = x.position(tick)
        out += f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}"/>'
        out += f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{x.tick_text(tick)}</text>'
    out += f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 8}" '
    out += f'text-anchor="middle">{html.escape(x.scale.label)}</text>'
    middle = (TOP + bottom) / 2
    out += f'<text class="label" x="12" y="{middle:g}" text-anchor="middle" '
    return out + f'transform="rotate(-90 12 {middle:g})">{html.escape(y.scale.label)}</text>'


def marker(colour, x, y):
    """Returns a mark: gateways are told apart by shape as well as by colour."""
    corners = (
        None,
        ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        ((0, -5), (5, 4), (-5, 4)),
        ((0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)),
    )[colour % 4]
    if corners is None:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<polygon points="{"".join(f"{x + dx:.1f},{y + dy:.1f} " for dx, dy in corners)}"/>'
