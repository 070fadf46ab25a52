#!/usr/bin/env python3
"""Starts the cluster and plays scenarios in it. Prints a table; ends with 1 if a bound is missed.

    run.py FOLDER [--list | --from NUMBER | SCENARIO...]

FOLDER has the programs and images that build.sh made. A SCENARIO is a part of a name; what it
needs of those before it, such as an installed gateway, is there only if they are named as well.
"""
import argparse
import datetime
import pathlib
import subprocess
import sys
import time
import traceback

import scenarios
from logs import PodLogs
from nodes import Cluster
from stage import Stage, play


def row(number, result):
    account = result.account
    what = "; ".join(result.notes + [f"**{one}**" for one in result.missed])
    return (f"| {number} | {result.name} | {account.posts:,} | {account.failed:,} |"
            f" {account.lost} | {account.duplicates} | {result.well:.0f} | {what} |")


HEADER = """| | scenario | posts | not 200 | lost | duplicates | seconds until well | |
|---|---|---|---|---|---|---|---|"""


def report(stage, folder, rows):
    kubernetes = stage.kubectl("version", "-o", "yaml").split("serverVersion")[1].split(
        "gitVersion: ")[1].split()[0]
    date = datetime.date.today()
    text = "\n".join([f"{date}, Kubernetes {kubernetes}", "", HEADER, *rows])
    (folder / "table.md").write_text(text + "\n")
    print(text)


def main():
    parser = argparse.ArgumentParser(prog="./dev cluster")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--list", action="store_true", help="print the scenarios")
    parser.add_argument("--from", dest="first", type=int, default=1, help="number of the first one")
    parser.add_argument("--stay", action="store_true",
                        help="leave the cluster up until a line is read")
    parser.add_argument("scenario", nargs="*")
    options = parser.parse_args()
    chosen = [(number, one) for number, one in enumerate(scenarios.SCENARIOS, 1)
              if number >= options.first and (not options.scenario or any(
                  part in one.name for part in options.scenario))]
    if options.list:
        print("\n".join(f"{number:3} {one.name}" for number, one in chosen))
        return 0
    folder = options.folder.resolve()
    rows, good = [], True
    with Cluster(folder / "bin", folder / "images", folder / "run") as cluster, PodLogs(cluster):
        stage = Stage(cluster)
        stage.prepare()
        for number, one in chosen:
            print(f"{time.strftime('%H:%M:%S')} {number} {one.name}", flush=True)
            try:
                result = play(stage, one)
                good = good and not result.missed
                rows.append(row(number, result))
                for failure in result.account.failures if result.missed else ():
                    print("  ", failure)
            except (subprocess.SubprocessError, OSError, ValueError) as wrong:
                good = False
                traceback.print_exc()
                print(getattr(wrong, "stderr", None) or "", file=sys.stderr)
                rows.append(f"| {number} | {one.name} | | | | | | **{type(wrong).__name__}** |")
            print(rows[-1], flush=True)
        report(stage, folder, rows)
        if options.stay:
            input(" ".join(map(str, cluster.kubectl_command("get", "pods", "-A"))))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
