#!/usr/bin/env python3
"""monitoring.py DEPLOY PROGRAM: deploy/compose.yaml's gateway, eventbus and poster with Prometheus as
configured there, all on this machine; every query of the dashboard must return data, every alert
rule must be evaluated and silent, every metric an alert names must exist. Ends with 77, "skipped",
where there is no prometheus."""
import contextlib
import json
import pathlib
import re
import shutil
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from children import Children  # noqa: E402
from gateway_process import GatewayProcess  # noqa: E402
from loopback import ask  # noqa: E402
from programs import Missing, need  # noqa: E402
from waiting import accepts, free_port, until  # noqa: E402

deploy, program = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
LIMIT = 120  # seconds, for data to be there

# Of the dashboard: empty while all is well, or without TLS and the cloud.
MAY_BE_EMPTY = re.compile(r"certificate_expiry")


def replaced(text, what, by):
    if what not in text:
        sys.exit(f"deploy: {what!r} is not there to be replaced")
    return text.replace(what, by)


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
    def __init__(self, port):
        self.port = port

    def ready(self):
        return accepts(self.port) and ask(self.port, "/-/ready")[0] == 200

    def get(self, path, **parameters):
        status, text = ask(self.port, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        if status != 200:
            sys.exit(f"deploy: {parameters or path}: {text}")
        return json.loads(text)["data"]

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def scrapes(self):
        """Returns of each target whether it could be scraped, and why not."""
        return [(it["health"], it["lastError"]) for it in self.get("targets")["activeTargets"]]

    def rules(self):
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def evaluated(self):
        rules = self.rules()
        bad = [rule for rule in rules if rule["health"] == "err"]
        if bad:
            sys.exit(f"deploy: {bad}")
        return rules and all(rule["health"] == "ok" for rule in rules)


def main():
    try:
        prometheus = need("prometheus")
    except Missing as why:
        print(f"deploy: {why}: Debian has it in a package of that name", file=sys.stderr)
        return 77
    with contextlib.ExitStack() as stack:
        work = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gateway, others = GatewayProcess(program, work, {}), Children(work)
        bus, server = free_port(), Prometheus(free_port())
        stack.callback(others.stop)
        compose = (deploy / "compose.yaml").read_text()
        content = re.search(r"    content: \|\n((?:      .*\n)+)", compose).group(1)
        config = replaced(content, "eventbus:8081", f"127.0.0.1:{bus}")
        config = replaced(config, "/var/lib/cos-gateway", str(work))
        config = replaced(config, "auth: none", f'auth: none, listen: "127.0.0.1:{gateway.port}", '
                          f'admin: "127.0.0.1:{gateway.admin}"')
        scraping = (deploy / "prometheus/prometheus.yml").read_text()
        scraping = replaced(scraping, "gateway:9464", f"127.0.0.1:{gateway.admin}")
        scraping = replaced(scraping, "scrape_interval: 5s",
                            "scrape_interval: 1s\n  evaluation_interval: 1s")
        (work / "prometheus.yml").write_text(scraping)
        shutil.copy(deploy / "prometheus/alerts.yml", work)

        others.spawn(program, "demo", "--eventbus-only", "--listen", f"127.0.0.1:{bus}")
        others.until_listening(bus)
        gateway.start(re.sub("^      ", "", config, flags=re.M))
        stack.callback(gateway.stop)
        until("the gateway is ready", lambda: gateway.page("/readyz").startswith("ready"), LIMIT)
        others.spawn(program, "demo", "--post-to", f"http://127.0.0.1:{gateway.port}/", "--rate", "20")
        others.spawn(prometheus, "--config.file=prometheus.yml",
                     f"--web.listen-address=127.0.0.1:{server.port}", "--storage.tsdb.path=data")
        until("prometheus is ready", server.ready, LIMIT)
        until("a scrape", lambda: [health for health, _ in server.scrapes()] == ["up"], LIMIT,
              said=lambda: f": {server.scrapes()}")
        delivered = "sum(rate(cos_gateway_events_delivered_total[5s])) > 0"
        until("delivered events", lambda: server.query(delivered), LIMIT)
        until("an evaluation of the rules", server.evaluated, LIMIT)

        wrong = []
        asked = list(queries())
        for title, expression in asked:
            if not server.query(expression) and not MAY_BE_EMPTY.search(expression):
                wrong.append(f"panel {title!r}: no data for {expression}")
        rules = server.rules()
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
