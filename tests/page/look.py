"""Loads the status page of a running gateway in headless Chromium and looks at it. See run.sh."""

import base64
import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from children import Children  # noqa: E402
from gateway_process import GatewayProcess  # noqa: E402
from waiting import free_port, until  # noqa: E402

PATIENCE = 60  # seconds, for anything
WIDE = (1280, 1060)
PHONE = (390, 844)


class Browser:
    """Chromium, driven over its DevTools pipe: JSON messages that end with a NUL."""

    def __init__(self, program, folder):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def pipes():  # the numbers Chromium expects
            os.dup2(to_browser, 103)
            os.dup2(from_browser, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--hide-scrollbars", "--no-first-run", "--no-proxy-server",
             "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={folder}/profile", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self._rest = b""
        self._last = 0
        self.complaints = []  # of the console, as texts
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = None
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(domain + ".enable")

    def _message(self):
        while b"\0" not in self._rest:
            readable, _, _ = select.select([self._in], [], [], PATIENCE)
            part = os.read(self._in, 1 << 20) if readable else b""
            if not part:
                raise RuntimeError("the browser is gone")
            self._rest += part
        text, self._rest = self._rest.split(b"\0", 1)
        return json.loads(text)

    def _note(self, message):
        method, about = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.complaints.append(str([it.get("value") for it in about["args"]]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(about["entry"]["text"])

    def _call(self, method, **params):
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") != self._last:
                self._note(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            else:
                return answer["result"]

    def open(self, url):
        self._call("Page.navigate", url=url)

    def look(self, width, height, scheme):
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=width < 600)
        self._call("Emulation.setEmulatedMedia",
                   features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, expression):
        result = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(expression + ": " + str(result["exceptionDetails"]))
        return result["result"].get("value")

    def wait_for(self, what, expression):
        until(what, lambda: self.value(expression), PATIENCE, 0.2,
              lambda: "; the page says\n" + self.value("document.body.innerText"))

    def screenshot(self, path):
        picture = self._call("Page.captureScreenshot", format="png")
        pathlib.Path(path).write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def check(holds, what):
    if not holds:
        raise RuntimeError(what)
    print("ok:", what)


def look_at(browser, url, width, height, scheme):
    browser.complaints.clear()
    browser.look(width, height, scheme)
    browser.open(url)
    name = f"{scheme}, {width} px"
    # One event in 40 is refused: the gateway serves, and says so.
    browser.wait_for(f"{name}: the state",
                     "['ok', 'degraded'].includes(document.getElementById('state')?.textContent)")
    browser.wait_for(f"{name}: delivered events",
                     "document.querySelectorAll('#tap td.good').length > 5")
    browser.wait_for(f"{name}: failures", "document.querySelectorAll('#failures tbody tr').length > 0")
    browser.wait_for(f"{name}: rates",
                     "!document.querySelectorAll('#figures .figure')[1]?.textContent.match(/^[0–]/)")
    browser.wait_for(f"{name}: charts", "document.querySelectorAll('#latency path[d*=L]').length === 2")
    check(browser.value("document.querySelectorAll('#figures section').length") >= 6,
          f"{name}: figures, charts, events and failures are there")
    check(browser.value("document.querySelectorAll('#eventbus tbody tr').length") > 0,
          f"{name}: eventbus connections are listed")
    check(browser.value("document.querySelectorAll('#posts tbody tr').length") > 0,
          f"{name}: posts are listed by their answer")
    browser.wait_for(f"{name}: the problem and its remedy",
                     "document.getElementById('problem').innerText.includes('given up')")
    browser.value("const filter = document.getElementById('filter'); filter.value = 'failed';"
                  "filter.dispatchEvent(new Event('input'))")
    browser.wait_for(f"{name}: the filter leaves failures only",
                     "document.querySelectorAll('#tap td.bad').length > 0 &&"
                     "document.querySelectorAll('#tap td.good').length === 0")
    browser.value("document.querySelector('#tap tr.event').click()")
    check(browser.value("document.querySelector('#tap pre').innerText.includes('\"outcome\": \"failed\"')"),
          f"{name}: an event shows its details")
    browser.value("document.getElementById('filter').value = '';"
                  "document.getElementById('filter').dispatchEvent(new Event('input'))")
    browser.value("document.getElementById('long').click()")
    check(browser.value("document.getElementById('throughput').textContent.includes('1 hour ago')"),
          f"{name}: the charts show an hour")
    browser.value("document.getElementById('short').click()")
    check(browser.value("document.documentElement.scrollWidth <= window.innerWidth"),
          f"{name}: the page is no wider than its window")
    dark = browser.value("getComputedStyle(document.body).backgroundColor").startswith("rgb(1")
    check(dark == (scheme == "dark"), f"{name}: the colours are those asked for")
    browser.value("document.getElementById('pause').click()")
    time.sleep(0.3)  # what was on its way to the screen
    rows = browser.value("document.getElementById('tap').innerText")
    time.sleep(1.5)
    check(rows == browser.value("document.getElementById('tap').innerText"), f"{name}: pause holds the list")
    browser.value("document.getElementById('pause').click()")
    check(not browser.complaints, f"{name}: nothing on the console: {browser.complaints}")


def bucket(number, **trouble):
    """An entry of `buckets` as /status has it."""
    events = {"delivered": 1204 * number, "failed": 0, "dead_lettered": 0, "spooled": 0,
              "filtered": 31 * number}
    return {"bucket": f"team-{number:02}-events-1250000000", "eventbus": "orders",
            "host": f"team-{number:02}-events-1250000000.cos.ap-beijing.myqcloud.com",
            "function": "relay", "state": "ready", "last_error": "",
            "last_event": "2026-01-02T03:04:05.678Z" if number % 4 else None,
            "events": events | trouble.pop("events", {})} | trouble


def look_at_buckets(browser, url, pictures):
    """Twenty buckets, five of them in trouble: what the page makes of such a /status."""
    conflict = ("InvalidParameterValue.CosNotifyRuleConflict: another function or product holds a rule "
                "of the bucket; remove that rule, or narrow `events`, `prefix`, `suffix`")
    trouble = {3: {"state": "failed", "last_error": conflict},
               8: {"state": "retrying", "last_error": "FailedOperation.OperationConflict: tried again"},
               11: {"events": {"failed": 17}}, 14: {"events": {"dead_lettered": 4}},
               19: {"state": "superseded", "last_error": "a newer configuration has its events"}}
    buckets = [bucket(number, **trouble.get(number, {})) for number in range(1, 21)]
    for (width, height), name in ((WIDE, "light"), (PHONE, "phone")):
        browser.look(width, height, "light")
        browser.open(url)
        browser.wait_for("a status", "typeof before !== 'undefined' && before !== null")
        browser.value("stream.close();"
                      f"show({{...before.status, buckets: {json.dumps(buckets)}}})")
        check(browser.value("document.getElementById('buckets-head').textContent")
              == "Buckets: 20, 5 in trouble", f"{name}: the buckets in trouble are counted")
        first = browser.value("[...document.querySelectorAll('#buckets tbody tr:not(.error)')]"
                              ".slice(0, 6).map(row => row.cells[0].textContent)")
        check(first == [f"team-{number:02}-events-1250000000" for number in (3, 8, 11, 14, 19, 1)],
              f"{name}: those in trouble come first")
        check(browser.value("document.querySelectorAll('#buckets tr.error').length") == 3,
              f"{name}: errors stand below their buckets")
        check(browser.value("document.documentElement.scrollWidth <= window.innerWidth"),
              f"{name}: the page is no wider than its window")
        if pictures:
            browser.value("document.getElementById('buckets-card').scrollIntoView()")
            browser.screenshot(f"{pictures}/buckets-{name}.png")


def main(chromium, program, pictures=None):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="cos-gateway-page-", ignore_cleanup_errors=True))
        bus, eventbus, poster = free_port(), Children(folder), Children(folder)
        stack.callback(eventbus.stop)
        stack.callback(poster.stop)
        eventbus.spawn(program, "demo", "--eventbus-only", "--listen", f"127.0.0.1:{bus}",
                       "--refuse-every", "40")
        eventbus.until_listening(bus, PATIENCE)
        gateway = GatewayProcess(program, folder, {
            "target": f"127.0.0.1:{bus}", "eventbus": "demo", "gateway": {"threads": 2},
            "spool": {"path": f"{folder}/spool.db", "max_bytes": "1GiB"}}, PATIENCE, PATIENCE).start()
        stack.callback(gateway.stop)
        poster.spawn(program, "demo", "--post-to", f"http://127.0.0.1:{gateway.port}/", "--rate", "60")
        url = f"http://127.0.0.1:{gateway.admin}/"
        browser = Browser(chromium, folder)
        stack.callback(browser.close)
        for width, height in (WIDE, PHONE):
            for scheme in ("light", "dark"):
                look_at(browser, url, width, height, scheme)
        look_at_buckets(browser, url, pictures)
        browser.look(*WIDE, "light")
        browser.open(url)  # anew: the last look at it was at figures that stand still
        if pictures:
            time.sleep(float(os.environ.get("SECONDS_OF_CHART", "20")))
            for size, scheme, name in ((WIDE, "light", "light"), (WIDE, "dark", "dark"),
                                       (PHONE, "light", "phone")):
                browser.look(*size, scheme)
                time.sleep(2.5)  # until the charts are drawn for this width
                browser.screenshot(f"{pictures}/status-{name}.png")

        eventbus.stop()
        browser.wait_for("the eventbus is gone",
                         "document.getElementById('problem').innerText.includes('cannot be reached')")
        print("ok: an eventbus that is down is seen")
        gateway.process.terminate()
        browser.wait_for("the gateway is gone",
                         "document.getElementById('state').textContent === 'not reachable'")
        print("ok: a gateway that is gone is seen")
        check(gateway.stop() == 0, "the gateway ended well with the page open")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (RuntimeError, TimeoutError) as error:
        print("page:", error, file=sys.stderr)
        sys.exit(1)
