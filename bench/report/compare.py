"""What has changed between two runs."""

import dataclasses

from results import figure, plain
from tables import Table

# Measure, its name, whether more is better.
CLOSED = (("us_per_post", "CPU µs/post", False), ("posts_per_s", "posts/s", True),
          ("p99", "p99 µs", False), ("resident_peak", "peak bytes", False))
OPEN = (("p50", "p50 µs", False), ("p99", "p99 µs", False))

# The least shares that count as a change: of times and rates (more where repetitions lie further
# apart), and of counted instructions.
MEASURED = 0.1
COUNTED = 0.002


@dataclasses.dataclass
class Change:
    """One figure that two results have in common."""

    what: str
    measure: str
    before: float
    now: float
    noise: float  # a change within this share means nothing
    more_is_better: bool = False

    @property
    def share(self):
        return self.now / self.before - 1

    @property
    def verdict(self):
        if abs(self.share) <= self.noise:
            return "same"
        return "better" if (self.share > 0) == self.more_is_better else "worse"


def compare(now, before, threshold=MEASURED):
    """Returns the changes of what both have.

    Loads are matched by scenario and gateway; the rate of an open loop may differ, as it may derive
    from what was measured before.
    """
    changes = []
    for group in now.groups:
        for cell in group.cells:
            old = counterpart(before, now, group, cell.gateway)
            if old is None:
                continue
            for measure, name, more_is_better in OPEN if group.load.open else CLOSED:
                noise = max(threshold, (cell.spread(measure) + old.spread(measure)) / 2)
                changes.append(Change(f"{cell.gateway}: {group.name}", name, old.median(measure),
                                      cell.median(measure), noise, more_is_better))
    for count in now.counts:
        for old in before.counts:
            if all(old[key] == count[key] for key in ("gateway", "records_per_post", "connections")):
                what = f"{count['gateway']}: {plain(count['records_per_post'])} records a post"
                changes.append(
                    Change(what, "instructions/post", old["per_post"], count["per_post"], COUNTED))
    for part in now.parts:
        old = next((each for each in before.parts if each["name"] == part["name"]), None)
        if old is None:
            continue
        if now.simdjson == before.simdjson:  # another instruction set makes other counts
            changes.append(Change(part["name"], "instructions/call", old["instructions"],
                                  part["instructions"], COUNTED))
        changes.append(
            Change(part["name"], "ns/call", old["nanoseconds"], part["nanoseconds"], threshold))
    return [change for change in changes if change.before > 0 and change.now > 0]


def counterpart(before, now, group, gateway):
    """Returns the cell of the group that held the same place: a load may appear at several rates."""

    def alike(results):
        return [other for other in results.groups
                if (other.name, other.load.open, str(other.load))
                == (group.name, group.load.open, str(group.load)) and other.of(gateway)]

    place = alike(now).index(group)
    others = alike(before)
    return others[place].of(gateway) if place < len(others) else None


def table(changes, everything):
    """Returns the changes as a table; `everything`: also those within the noise."""
    out = Table("Against the previous run",
                ["what", "measure", "verdict", "before", "now", "change", "noise"], 3)
    for change in changes:
        if everything or change.verdict != "same":
            out.rows.append([change.what, change.measure, change.verdict, figure(change.before),
                             figure(change.now), f"{100 * change.share:+.1f} %",
                             f"±{100 * change.noise:.1f} %"])
    return out
