"""Puts what the programs of a benchmark wrote into one document."""

from results import items, number, text

MOST_REPETITIONS = 1000


def join(suites, micro_times=None, micro_instructions=None, instructions=None, commands=(), spool=None):
    """Returns the first suite's document with the runs of all and with "micro", "instructions", "spool"
    and "commands".

    `suites` are of cos-bench, `micro_times` of Google Benchmark, `micro_instructions` of micro-bench
    --instructions, `instructions` of count-instructions, `spool` of cos-soak --json.
    """
    document = dict(next((suite for suite in suites if isinstance(suite, dict) and suite), {}))
    document["runs"] = []
    for place, suite in enumerate(suites):
        for run in items(suite, "runs"):
            # Only runs of one suite took turns: the repetitions of others get numbers of their own.
            if repetition := number(run, "repetition"):
                run = {**run, "repetition": repetition + place * MOST_REPETITIONS}
            document["runs"].append(run)
    document["micro"] = micro(micro_times, micro_instructions)
    document["instructions"] = items(instructions, "counts")
    document["spool"] = [outcome for outcome in spool or [] if isinstance(outcome, dict)]
    document["commands"] = list(commands)
    return document


def micro(times, counts):
    """Returns counted parts first, then those that were only timed, as what touches a disk is."""
    nanoseconds = {}
    for benchmark in items(times, "benchmarks"):
        unit = {"us": 1e3, "ms": 1e6}.get(text(benchmark, "time_unit"), 1)
        if text(benchmark, "name"):
            nanoseconds[benchmark["name"]] = number(benchmark, "real_time") * unit
    parts = []
    for part in items(counts, "subjects"):
        if isinstance(part, dict):
            timed = nanoseconds.pop(text(part, "name"), None)
            parts.append(part if timed is None else {**part, "nanoseconds": timed})
    parts += [{"name": name, "items": 1, "nanoseconds": time} for name, time in nanoseconds.items()]
    simdjson = text(counts, "simdjson")
    return {"subjects": parts, **({"simdjson": simdjson} if simdjson else {})}
