#!/usr/bin/env python3
"""Writes the metrics, as PROGRAM serves them, between the marks in docs/observing.md.

    tools/metrics_reference.py PROGRAM           brings the document up to date
    tools/metrics_reference.py --check PROGRAM   ends with 1 where it is not what the program serves
"""
import os
import re
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from certificate import self_signed  # noqa: E402
from gateway_process import GatewayProcess  # noqa: E402

DOCUMENT = os.path.join(ROOT, "docs", "observing.md")
MARKS = re.compile(r"(<!-- begin of the metrics.*?-->\n).*?(<!-- end of the metrics -->)", re.S)
PREFIX = "cos_gateway_"
# Labels whose values are those of the configuration or of the case, and not a fixed set.
OPEN_LABELS = {"bucket", "code", "file", "le", "target", "version"}


def page(program):
    """What /metrics says of a gateway that has stores, TLS and several targets: every family."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = self_signed(folder, "localhost")
        gateway = GatewayProcess(program, folder, {
            "target": "http://127.0.0.1:9", "eventbus": "x",
            "gateway": {"tls": {"cert": certificate, "key": key}},
            "spool": {"path": f"{folder}/spool"}, "dead_letter": {"path": f"{folder}/dead"},
            "buckets": [{"endpoint": "docs-125.cos.ap-beijing.myqcloud.com",
                         "target": "http://127.0.0.1:2/"}]}).start()
        try:
            return gateway.page("/metrics")
        finally:
            gateway.stop()


def families(text):
    """Name, kind, help, and the values of each label, in the page's order."""
    found = {}
    for line in text.splitlines():
        comment = re.match(r"# (HELP|TYPE) (\S+) (.*)", line)
        if comment:
            found.setdefault(comment[2], {"labels": {}})[comment[1]] = comment[3]
            continue
        name = re.match(r"[\w:]+", line)[0]
        if name not in found:
            name = re.sub(r"_(bucket|sum|count)$", "", name)
        for label, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', line):
            values = found[name]["labels"].setdefault(label, [])
            if value not in values:
                values.append(value)
    return found


def described(label, values):
    if label in OPEN_LABELS:
        return f"`{label}`"
    return f"`{label}`: " + ", ".join(f"`{value}`" for value in values)


def table(text):
    lines = ["| name | kind | labels | |", "|---|---|---|---|"]
    for name, family in families(text).items():
        labels = "; ".join(described(label, values) for label, values in family["labels"].items()
                           if label != "le")
        lines.append(f"| `{name.removeprefix(PREFIX)}` | {family['TYPE']} | {labels} | {family['HELP']} |")
    return "\n".join(lines) + "\n"


def main():
    check = sys.argv[1] == "--check"
    with open(DOCUMENT, encoding="utf-8") as file:
        document = file.read()
    made = MARKS.sub(lambda marks: marks[1] + table(page(sys.argv[-1])) + marks[2], document)
    if check:
        if made != document:
            print("the metrics in docs/observing.md are not those of the program: run ./dev reference")
        sys.exit(made != document)
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(made)


main()
