#!/usr/bin/env python3
"""Eventbuses that people really have: run.py PROGRAM FOLDER [--posts N] [--only NAME,...]
[--grid | --limits]

For each server (a receiver on an official CloudEvents SDK, alone or behind nginx or HAProxy): events
with awkward attributes in all three modes of delivery; posts at full speed through the defaults and
through restarts of the server. Every event whose post was acknowledged must have arrived; what came
twice is counted. Packages are installed into FOLDER, in the versions that receivers/ pins. What cannot
be had is skipped with its reason; ends with 77 where nothing can. Prints the table of
docs/destinations.md.

--grid: how near the defaults come to the best of some settings made by hand, and the table of that.
--limits: how much of the rate that limiters allow comes through, and the table of that. One limiter is
tried in the usual run as well.
"""
import argparse
import collections
import os
import shutil
import signal
import sys
import tempfile
import time

from servers import IN_GRID, SERVERS, text_of
from cos_payload import payload
from gateway import Gateway, Load
from loopback import ask
from programs import Missing
from waiting import until
import grid
import limits

TABLE = """
| server | subjects beyond ASCII in binary mode | posts a second | connections x depth reached \
| came twice through two restarts |
|---|---|---|---|---|
"""
GRID = """
| server | events a second by default | connections x depth reached | by the best hand-made setting \
| which is | default |
|---|---|---|---|---|---|
"""
LIMITS = """
| limiter | of the limit, posts of 1 record | of 10 | not 200, offered 80 % of it | 99 % of these \
answered within |
|---|---|---|---|---|
"""
LIMIT = """
| limiter | of the limit | not 200, offered 80 % of it | 99 % of these answered within |
|---|---|---|---|
"""

AWKWARD = ["plain.txt", "照片/2024 ü.jpg", 'quote".txt', "percent%41.txt", "tab%09.txt",
           "emoji-😀.png", "a, b; c=d.txt", "back\\slash", "x" * 700]


def arrived(server):
    """Returns how often each key has come, and the subjects that came."""
    counts, subjects = collections.Counter(), {}
    if os.path.exists(server.received):
        for line in text_of(server.received).split("\n"):
            key, tab, subject = line.partition("\t")
            if tab:
                counts[key] += 1
                subjects[key] = subject
    return counts, subjects


def check_modes(program, server, folder):
    """Every awkward key arrives in every mode. Returns how its subject reads in binary mode."""
    decoded = "as they are"
    for mode in ("binary", "structured", "batch"):
        if os.path.exists(server.received):
            os.remove(server.received)
        # The receiver has the file open: it is started again for each mode.
        server.stop(signal.SIGTERM)
        server.start()
        gateway = Gateway(program, folder, f"http://127.0.0.1:{server.port}/", {"mode": mode})
        # With more than fits into one request where bodies are limited.
        keys = AWKWARD + [f"{n}-" + 800 * "k" for n in range(60)]
        assert ask(gateway.port, "/", payload(*keys), timeout=60)[0] == 200
        gateway.stop()
        counts, subjects = arrived(server)
        wanted = {"/1/b/" + key for key in keys}
        assert set(counts) == wanted, (mode, wanted ^ set(counts))
        whole = [key for key in AWKWARD if subjects["/1/b/" + key] == key]
        if mode == "binary":
            decoded = "decoded" if AWKWARD[1] in whole else "percent-encoded"
        else:
            assert len(whole) == len(AWKWARD), (mode, set(AWKWARD) - set(whole))
    return decoded


def check_load(program, server, folder, posts):
    """Returns rate and depth of a run without disturbance, and duplicates of one with restarts."""
    gateway = Gateway(program, folder, f"http://127.0.0.1:{server.port}/", {})
    load = Load(gateway.port, posts)
    depth, used = 0, 0
    while any(thread.is_alive() for thread in load.threads):
        connections = gateway.connections()
        depth = max([depth, *(one.get("pipeline_depth", 0) for one in connections)])
        used = max(used, sum(1 for one in connections if one.get("state") == "ready"))
        time.sleep(0.1)
    load.wait()
    counts, _ = arrived(server)
    assert set(load.answers) == {200}, load.answers
    lost = load.acknowledged - set(counts)
    assert not lost, f"{len(lost)} events that were acknowledged are lost"
    rate = posts / load.took
    # A pause in which idle connections end, then the server goes away in the midst of events.
    time.sleep(1.5)
    before = sum(counts.values())
    again = Load(gateway.port, posts)
    ways = [signal.SIGTERM, signal.SIGKILL]
    for part, how in enumerate(ways, 1):
        until("posts are answered",
              lambda: sum(again.answers.values()) >= part * posts // (len(ways) + 1), 120)
        server.stop(how)
        server.start()
    again.wait()
    gateway.stop()
    total, _ = arrived(server)
    lost = again.acknowledged - set(total - counts)
    assert not lost, f"{len(lost)} events that were acknowledged are lost"
    assert set(again.answers) == {200}, again.answers
    twice = sum(total.values()) - before - posts
    return rate, depth, used, twice


def check(program, server, folder, options):
    decoded = check_modes(program, server, folder)
    rate, depth, used, twice = check_load(program, server, folder, options.posts)
    return f"| {server.name} | {decoded} | {rate:,.0f} | {used} x {depth} | {twice} |", True


def check_grid(program, server, folder, options):
    return grid.compare(program, server, folder, options.seconds or 5, options.rounds)


def check_limits(program, server, folder, options):
    return limits.compare(program, server, folder, options.seconds or 15)


def check_limit_quickly(program, server, folder, options):
    return limits.compare(program, server, folder, options.seconds or 3, sizes=[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--only", default="")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--grid", action="store_true")
    kind.add_argument("--limits", action="store_true")
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    tools = os.path.abspath(options.folder)
    os.makedirs(tools, exist_ok=True)
    if options.grid:
        parts = [(IN_GRID, check_grid, GRID)]
    elif options.limits:
        parts = [(limits.LIMITERS, check_limits, LIMITS)]
    else:
        parts = [(SERVERS, check, TABLE), (limits.QUICK, check_limit_quickly, LIMIT)]
    rows, failed = collections.defaultdict(list), []
    for kind, examine, title in ((kind, *rest) for kinds, *rest in parts for kind in kinds):
        if options.only and kind.__name__.lower() not in options.only.lower().split(","):
            continue
        folder = tempfile.mkdtemp()
        server = kind(tools, folder)
        try:
            server.start()
            row, good = examine(program, server, folder, options)
            rows[title].append(row)
            print(row, flush=True)
            if not good:
                failed.append(kind.name)
        except Missing as why:
            print(f"skipped: {kind.name}: {why}", flush=True)
        except Exception as error:  # each server is told of
            failed.append(kind.name)
            log = os.path.join(folder, "log")
            said = text_of(log)[-1500:] if os.path.exists(log) else ""
            print(f"FAILED: {kind.name}: {error!r}\n{said}", flush=True)
        finally:
            server.stop(signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
    for title, these in rows.items():
        print(title + "\n".join(these))
    if failed:
        print("failed: " + ", ".join(failed))
        return 1
    return 0 if rows else 77


if __name__ == "__main__":
    sys.exit(main())
