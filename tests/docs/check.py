"""Holds the documents against the tree and the program: check.py PROGRAM

Every relative link leads to a file and its heading; every file, metric, configuration key and
command named in back-quotes is there; every alert has its entry in docs/operating.md; what the
guides quote of the log and of answers stands in the source.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from gateway_process import GatewayProcess  # noqa: E402
from waiting import environment  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(sys.argv[1])
LOOPBACK = ["--set", "target=http://127.0.0.1:9", "--set", "eventbus=x",
            "--set", "function.provision=false", "--set", "gateway.auth=none"]
# The original connector's, which the documents say has no effect.
KEYS_OF_OTHERS = {"bucket.filters"}
# What the system, the library that reads the command line, and the relay's templates say.
TEXTS_OF_OTHERS = {"Address already in use", "Cannot assign requested address",
                   "Too many open files", "Connection timed out", "Run with --help for more information.",
                   "no connection within"}
problems = []


def tree():
    """Every file and folder, as paths from the root."""
    paths = set()
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in (".git", "build", "node_modules", ".cache")]
        for name in folders + files:
            paths.add(os.path.relpath(os.path.join(folder, name), ROOT))
    return paths


def output_of(*arguments):
    return subprocess.run([PROGRAM, *arguments], env=environment(), capture_output=True, text=True,
                          timeout=30, check=True).stdout


def metric_names():
    with tempfile.TemporaryDirectory() as folder:
        gateway = GatewayProcess(PROGRAM, folder, {
            "target": "http://127.0.0.1:9", "eventbus": "x",
            "spool": {"path": f"{folder}/spool.db"}, "dead_letter": {"path": f"{folder}/dead.db"},
            # Some families are there with more than one target only.
            "buckets": [{"endpoint": "docs-125.cos.ap-beijing.myqcloud.com",
                         "target": "http://127.0.0.1:2/"}]}).start()
        try:
            text = gateway.page("/metrics")
        finally:
            gateway.stop()
    return set(re.findall(r"^# HELP (\S+)", text, re.M))


def configuration_keys():
    keys, path = set(), []
    code = ["--set", "function.code.bucket=b"]
    for line in output_of("check", *LOOPBACK, *code).splitlines():
        found = re.match(r"( *)([a-z_]+):", line)
        if not found:
            continue
        path[len(found[1]) // 2:] = [found[2]]
        keys.add(".".join(path))
    return keys


def commands():
    """Each subcommand of the program with its options."""
    names = re.findall(r"^  ([a-z]+)  ", output_of("--help").split("Subcommands:")[1], re.M)
    return {name: set(re.findall(r"--[a-z-]+", output_of(name, "--help"))) for name in names}


def source_text():
    """All string literals of the source, adjacent ones joined, and the relay function."""
    literals = []
    for file in glob.glob(ROOT + "/src/**/*.[ch]pp", recursive=True):
        with open(file, encoding="utf-8") as text:
            joined = re.sub(r'"\s*\n\s*"', "", text.read())
        literals += re.findall(r'"((?:[^"\\\n]|\\.)*)"', joined)
    with open(ROOT + "/src/cloud/relay/index.js", encoding="utf-8") as relay:
        literals.append(relay.read())
    return "\n".join(literals).replace('\\"', '"')


def anchor(heading):
    """As GitHub makes them."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def without_code(text):
    """The text with its fenced blocks blanked, and these blocks."""
    blocks = []

    def blank(found):
        blocks.append((text[:found.start()].count("\n") + 2, found[1]))
        return "\n" * found[0].count("\n")

    return re.sub(r"^ *```[^\n]*\n(.*?)^ *```", blank, text, flags=re.S | re.M), blocks


class Document:
    def __init__(self, path):
        self.path = path
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            self.prose, self.blocks = without_code(file.read())
        self.anchors = {anchor(h) for h in re.findall(r"^#+ (.*)$", self.prose, re.M)}

    def problem(self, line, text):
        problems.append(f"{self.path}:{line}: {text}")

    def found(self, pattern):
        for match in re.finditer(pattern, self.prose, re.S):
            yield self.prose[:match.start()].count("\n") + 1, match

    def spans(self):
        for line, match in self.found(r"`([^`]+)`"):
            yield line, re.sub(r"\s+", " ", match[1])

    def command_lines(self):
        """What is to be typed: back-quoted, or in a block."""
        yield from self.spans()
        for first, block in self.blocks:
            for number, text in enumerate(re.sub(r"\\\n", " \n", block).splitlines()):
                yield first + number, text.strip()


def check_links(document, documents):
    for line, match in document.found(r"\]\(([^)\s]+)\)"):
        target, _, heading = match[1].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = document.path
        if target:
            path = os.path.normpath(os.path.join(os.path.dirname(document.path), target))
        if not os.path.exists(os.path.join(ROOT, path)):
            document.problem(line, f"links to {target}, which is not there")
        elif heading and path in documents and heading not in documents[path].anchors:
            document.problem(line, f"{path} has no heading #{heading}")


def check_files(document, paths, top):
    source = re.compile(r"[\w./*-]+\.(cpp|hpp|md|js|sh|py|cmake|html|service)$")
    for line, span in document.spans():
        path = span.rstrip("/")
        if "/" not in span or not (span.split("/")[0] in top or source.match(span)):
            continue
        if " " in span or span.startswith(("build/", "http")) or re.search(r"[<>{}$]", span):
            continue
        shape = re.compile("(.*/)?" + re.escape(path).replace(r"\*", "[^/]*") + "$")
        if not any(shape.match(known) for known in paths):
            document.problem(line, f"names {span}, which is not there")


def check_metrics(document, metrics):
    text = document.prose + "".join(block for _, block in document.blocks)
    for name in sorted(set(re.findall(r"cos_gateway_[a-z_]*[a-z]\b(?!\*)", text))):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in metrics and base not in metrics:
            document.problem(1, f"names the metric {name}, which there is not")
    for line, span in document.spans():
        name = re.fullmatch(r"([a-z_]+_(?:total|lag_seconds|duration_seconds))(\{.*\})?", span)
        # Tables leave out what all their names begin with.
        if name and not any(("_" + metric).endswith("_" + name[1]) for metric in metrics):
            document.problem(line, f"names the metric {name[1]}, which there is not")


def check_keys(document, keys):
    sections = "|".join(sorted({key.split(".")[0] for key in keys if "." in key}))
    for line, span in document.spans():
        found = re.match(rf"((?:{sections})(?:\.[a-z_]+)+)(?=$|:? |=)", span)
        if not found or found[1] in KEYS_OF_OTHERS or found[1] in keys:
            continue
        # Names of files and of header fields look like keys.
        if not re.search(r"\.[chd](pp|b)\b|^delivery\.headers\.", found[1]):
            document.problem(line, f"names the key {found[1]}, which there is not")


def check_commands(document, known, dev):
    for line, text in document.command_lines():
        dev_command = re.match(r"\./dev ([a-z-]+)", text)
        if dev_command and dev_command[1] not in dev:
            document.problem(line, f"names ./dev {dev_command[1]}, which there is not")
        called = re.match(r"(?:\S*/)?cos-gateway ([a-z]+)\b(?![./:-])(.*)", text)
        if not called or text.startswith(("docker", "kubectl")):
            continue
        if called[1] not in known:
            document.problem(line, f"names the command {called[1]}, which there is not")
            continue
        own = re.split(r" [|#>] ?", called[2])[0]
        for option in re.findall(r"(?<=\s)--[a-z-]+", own):
            if option not in known[called[1]] | {"--help"}:
                document.problem(line, f"{called[1]} has no option {option}")


def check_quotes(document, source):
    """Of three words and more, as the program writes them."""
    for line, span in document.spans():
        words = span.split(" ")
        told = len(words) >= 3 and re.fullmatch(r"[A-Za-z][\w ,.;:'()/-]*", span)
        typed = words[0] in ("cos-gateway", "docker", "kubectl", "curl", "systemctl", "helm", "GET")
        if told and not typed and span not in TEXTS_OF_OTHERS and span not in source:
            document.problem(line, f"quotes '{span}', which stands nowhere in the source")


def check_alerts(runbook):
    """Each alert has an entry, and names no label that its metrics have not."""
    with open(ROOT + "/docs/observing.md", encoding="utf-8") as file:
        rows = [line.split(" | ") for line in file if re.match(r"\| `\w+` \| \w+ \| ", line)]
    labels = {row[0].strip("|` "): set(re.findall(r"`(\w+)`", row[2])) for row in rows}
    with open(ROOT + "/deploy/prometheus/alerts.yml", encoding="utf-8") as file:
        alerts = file.read().split("- alert: ")[1:]
    for text in alerts:
        alert = text.split()[0]
        if alert.lower() not in runbook.anchors:
            runbook.problem(1, f"has no entry for the alert {alert}")
        of_metrics = {"instance", "job"}
        for metric in re.findall(r"cos_gateway_(\w+)", text):
            of_metrics |= labels.get(metric.removesuffix("_bucket"), set())
        for label in set(re.findall(r"\$labels\.(\w+)", text)) - of_metrics:
            runbook.problem(1, f"has the alert {alert}, whose metrics have no label {label}")


def main():
    paths = tree()
    top = {path for path in paths if "/" not in path and os.path.isdir(os.path.join(ROOT, path))}
    documents = {path: Document(path) for path in sorted(paths) if path.endswith(".md")}
    with open(ROOT + "/dev", encoding="utf-8") as script:
        dev = {"help"} | set(re.findall(r"^do_(\w+)\(\)", script.read(), re.M))
    dev |= {name.replace("_", "-") for name in dev}
    metrics, keys, known = metric_names(), configuration_keys(), commands()
    assert len(metrics) > 40 and len(keys) > 60 and len(known) > 8, "the program says too little"
    for document in documents.values():
        check_links(document, documents)
        check_files(document, paths, top)
        check_metrics(document, metrics)
        check_keys(document, keys)
        check_commands(document, known, dev)
    check_alerts(documents["docs/operating.md"])
    source = source_text()
    for name in ("faq", "observing", "operating", "quick-start", "troubleshooting"):
        check_quotes(documents[f"docs/{name}.md"], source)
    for problem in problems:
        print(problem)
    print(f"{len(documents)} documents, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
