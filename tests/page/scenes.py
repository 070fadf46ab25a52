"""Takes screenshots of the status page in the states that an operator has to understand at a glance:

    scenes.py CHROMIUM PROGRAM FOLDER [SCENE...]

Each scene has a gateway of its own. A picture is taken wide and narrow, light and dark.
"""
import contextlib
import http.client
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import look

SETTLE = 14  # seconds until a state is known and a chart has a shape
SIZES = {"1280": look.WIDE, "390": look.PHONE}

RECORD = {"cos": {"cosSchemaVersion": "1.0", "cosNotificationId": "unkown",
                  "cosBucket": {"region": "gz", "name": "pictures", "appid": "1250000000"},
                  "cosObject": {"key": "", "size": 1029, "vid": "",
                                "meta": {"x-cos-request-id": "NjE0"}}},
          "event": {"eventName": "cos:ObjectCreated:Put", "eventVersion": "1.0", "eventTime": 0,
                    "eventSource": "qcs::cos", "requestParameters": {}, "eventQueue": "q"}}


def payload(number):
    record = json.loads(json.dumps(RECORD))
    record["event"]["eventTime"] = int(time.time())
    record["cos"]["cosObject"]["key"] = f"/1250000000/pictures/2026/photos/{number:06}.jpg"
    return json.dumps({"Records": [record]})


class Eventbus(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status, text = 200, ""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.text)))
        self.end_headers()
        self.wfile.write(self.text.encode())

    def log_message(self, *_):
        """Nothing."""


def eventbus(status, text):
    handler = type("Answering", (Eventbus,), {"status": status, "text": text})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def post_for_ever(port, rate):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    number = 0
    while True:
        number += 1
        try:
            connection.request("POST", "/", payload(number), {"Content-Type": "application/json"})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
            time.sleep(0.2)
        time.sleep(1 / rate)


# Of each scene: the eventbus (a status and a text, or None where nobody listens), posts a second of
# each poster, posters, and settings.
SCENES = {
    "load": ((200, ""), 60, 2, {}),
    "404": ((404, "no such bus demo"), 2, 2, {}),
    "503": ((503, "try again later"), 2, 4, {}),
    "down": (None, 2, 8, {}),
    "spool": (None, 10, 8, {"spool": {"path": "FOLDER/spool", "max_bytes": "1MiB"}}),
    "provisioning": ((200, ""), 0, 0, {
        "secret_id": "AKIDexample", "secret_key": "no key of anybody",
        "bucket": {"endpoint": "pictures-1250000000.cos.ap-guangzhou.myqcloud.com"},
        "function": {"region": "ap-guangzhou", "api": "http://127.0.0.1:9", "provision": True},
        "gateway": {"public_url": "https://gateway.example.com"}}),
    "401": ((200, ""), 5, 2, {"gateway": {"auth": "hmac", "token": "a-token-of-sixteen-letters"}}),
    "limits": ((200, ""), 20, 8, {"gateway": {"max_per_source": 3, "max_connections": 9}}),
    "empty": ((200, ""), 0, 0, {}),
    "threads": ((200, ""), 30, 4, {"gateway": {"threads": 16}}),
}


def start(stack, program, folder, scene):
    """Returns the address of the scene's page."""
    bus, rate, posters, more = SCENES[scene]
    posts, admin = look.free_port(), look.free_port()
    target = eventbus(*bus) if bus else look.free_port()
    config = {"target": f"127.0.0.1:{target}", "eventbus": "demo",
              "function": {"provision": False},
              "gateway": {"listen": f"127.0.0.1:{posts}", "admin": f"127.0.0.1:{admin}",
                          "auth": "none", "threads": 2, "drain_delay": "0s", "grace": "1s"},
              "delivery": {"deadline": "3s"}}
    for section, values in json.loads(json.dumps(more).replace("FOLDER", str(folder))).items():
        config[section] = {**config.get(section, {}), **values} if isinstance(values, dict) else values
    path = folder / f"{scene}.yml"
    path.write_text(json.dumps(config))
    gateway = subprocess.Popen([program, "run", "--config", path], stdout=subprocess.DEVNULL,
                               stderr=(folder / f"{scene}.log").open("w"))
    stack.callback(gateway.wait)
    stack.callback(gateway.terminate)
    look.until("the gateway listens", lambda: look.accepts(admin), look.PATIENCE)
    for _ in range(posters):
        threading.Thread(target=post_for_ever, args=(posts, rate), daemon=True).start()
    return f"http://127.0.0.1:{admin}/"


def main(chromium, program, pictures, *wanted):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cos-gateway-scenes-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, True)
        browser = look.Browser(chromium, folder)
        stack.callback(browser.close)
        for scene in wanted or SCENES:
            with contextlib.ExitStack() as gateways:
                url = start(gateways, program, folder, scene)
                browser.look(*look.WIDE, "light")
                browser.open(url)
                time.sleep(SETTLE)
                for name, size in SIZES.items():
                    for scheme in ("light", "dark"):
                        browser.look(*size, scheme)
                        time.sleep(1.5)
                        browser.screenshot(f"{pictures}/{scene}-{name}-{scheme}.png")
            print(scene, "is taken")


if __name__ == "__main__":
    main(*sys.argv[1:])
