#!/usr/bin/env python3
"""monitoring.py DEPLOY PROGRAM: deploy/compose.yaml's gateway, eventbus and poster with Prometheus as
configured there, all on this machine; every query of the dashboard must return data, every alert
rule must be evaluated and silent, every metric an alert names must exist. Ends with 77, "skipped",
where there is no prometheus."""
import contextlib, json, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile, time
import urllib.error, urllib.parse, urllib.request

deploy, program = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
LIMIT = 120  # seconds, for data to be there

# Of the dashboard: empty while all is well, or without TLS and the cloud.
MAY_BE_EMPTY = re.compile(r"certificate_expiry")


def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def replaced(text, what, by):
    if what not in text:
        sys.exit(f"deploy: {what!r} is not there to be replaced")
    return text.replace(what, by)


def page(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def wait(what, holds):
    limit = time.monotonic() + LIMIT
    last = None
    while time.monotonic() < limit:
        try:
            last = holds()
            if last is True:
                return
        except (OSError, urllib.error.URLError) as error:
            last = error
        time.sleep(0.1)
    sys.exit(f"deploy: {what} not within {LIMIT} s: {last}")


def queries():
    """Title of a panel and its query, variables filled in as Grafana would."""
    dashboard = json.loads((deploy / "grafana/cos-gateway.json").read_text())
    panels = list(dashboard["panels"])
    for panel in panels:
        panels.extend(panel.get("panels", []))
        for target in panel.get("targets", []):
            expression = target["expr"]
            for variable, value in {"$instance": ".*", "$__rate_interval": "5s", "$__range": "5m"}.items():
                expression = expression.replace(variable, value)
            yield panel.get("title", "?"), expression


class Prometheus:
    def __init__(self, at):
        self.base = f"http://127.0.0.1:{at}/api/v1/"

    def get(self, path, **parameters):
        try:
            return json.loads(page(self.base + path + "?" + urllib.parse.urlencode(parameters)))["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                raise  # it is about to start
            return sys.exit(f"deploy: {parameters or path}: {error.read().decode()}")

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def scraped(self):
        targets = self.get("targets")["activeTargets"]
        health = [target["health"] for target in targets]
        return True if health == ["up"] else [target["lastError"] for target in targets]

    def evaluated(self):
        rules = [rule for group in self.get("rules")["groups"] for rule in group["rules"]]
        bad = [rule for rule in rules if rule["health"] == "err"]
        if bad:
            sys.exit(f"deploy: {bad}")
        return True if rules and all(rule["health"] == "ok" for rule in rules) else "not all evaluated"


def main():
    prometheus = shutil.which("prometheus")
    if not prometheus:
        print("deploy: no prometheus: Debian has it in a package of that name", file=sys.stderr)
        return 77
    with contextlib.ExitStack() as stack:
        work = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def start(name, *command):
            log = stack.enter_context(open(work / f"{name}.log", "w"))
            child = subprocess.Popen(command, stdout=log, stderr=log, cwd=work)

            def end():
                child.send_signal(signal.SIGTERM)
                try:
                    child.wait(20)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

            stack.callback(end)

        posts, admin, bus, web = port(), port(), port(), port()
        compose = (deploy / "compose.yaml").read_text()
        content = re.search(r"    content: \|\n((?:      .*\n)+)", compose).group(1)
        config = replaced(content, "eventbus:8081", f"127.0.0.1:{bus}")
        config = replaced(config, "/var/lib/cos-gateway", str(work))
        config = replaced(config, "auth: none",
                          f'auth: none, listen: "127.0.0.1:{posts}", admin: "127.0.0.1:{admin}"')
        (work / "config.yml").write_text(re.sub("^      ", "", config, flags=re.M))
        scraping = (deploy / "prometheus/prometheus.yml").read_text()
        scraping = replaced(scraping, "gateway:9464", f"127.0.0.1:{admin}")
        scraping = replaced(scraping, "scrape_interval: 5s",
                            "scrape_interval: 1s\n  evaluation_interval: 1s")
        (work / "prometheus.yml").write_text(scraping)
        shutil.copy(deploy / "prometheus/alerts.yml", work)

        start("eventbus", program, "demo", "--eventbus-only", "--listen", f"127.0.0.1:{bus}")
        start("gateway", program, "run", "--config", "config.yml")
        wait("the gateway", lambda: page(f"http://127.0.0.1:{admin}/readyz").startswith("ready"))
        start("poster", program, "demo", "--post-to", f"http://127.0.0.1:{posts}/", "--rate", "20")
        start("prometheus", prometheus, "--config.file=prometheus.yml",
              f"--web.listen-address=127.0.0.1:{web}", "--storage.tsdb.path=data")
        server = Prometheus(web)
        wait("a scrape", server.scraped)
        delivered = "sum(rate(cos_gateway_events_delivered_total[5s])) > 0"
        wait("delivered events", lambda: bool(server.query(delivered)))
        wait("an evaluation of the rules", server.evaluated)

        wrong = []
        asked = list(queries())
        for title, expression in asked:
            if not server.query(expression) and not MAY_BE_EMPTY.search(expression):
                wrong.append(f"panel {title!r}: no data for {expression}")
        rules = [rule for group in server.get("rules")["groups"] for rule in group["rules"]]
        for rule in rules:
            if rule["state"] != "inactive":
                wrong.append(f"alert {rule['name']} is {rule['state']} while all is well")
            for metric in set(re.findall(r"\b(?:cos_gateway|process)_\w+|\bup\b", rule["query"])):
                if not server.query(f"count({metric})") and not MAY_BE_EMPTY.search(metric):
                    wrong.append(f"alert {rule['name']}: there is no {metric}")
        print(f"{len(asked)} queries of the dashboard, {len(rules)} alert rules")
        for line in wrong:
            print("deploy:", line, file=sys.stderr)
        return 1 if wrong else 0


sys.exit(main())
