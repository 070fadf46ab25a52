"""Takes screenshots of the status page in the states that an operator has to understand at a glance:

    scenes.py CHROMIUM PROGRAM FOLDER [SCENE...]

Each scene has a gateway of its own. A picture is taken wide and narrow, light and dark.
"""
import contextlib
import http.client
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time

import look
from cos_payload import record, text_of
from eventbus import Eventbus
from gateway_process import GatewayProcess
from loopback import JSON, NO_ANSWER

SETTLE = 14  # seconds until a state is known and a chart has a shape
SIZES = {"1280": look.WIDE, "390": look.PHONE}


def post_for_ever(port, rate):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    number = 0
    while True:
        number += 1
        try:
            body = text_of(record(f"/1250000000/pictures/2026/photos/{number:06}.jpg"))
            connection.request("POST", "/", body, JSON)
            connection.getresponse().read()
        except NO_ANSWER:
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
    target = Eventbus(*bus).server_port if bus else look.free_port()
    folder = folder / scene
    folder.mkdir()
    gateway = GatewayProcess(program, folder, {
        "target": f"127.0.0.1:{target}", "eventbus": "demo", "delivery": {"deadline": "3s"},
        "gateway": {"threads": 2, "grace": "1s"}}, listens_within=look.PATIENCE)
    gateway.start(json.loads(json.dumps(more).replace("FOLDER", str(folder))))
    stack.callback(gateway.stop)
    for _ in range(posters):
        threading.Thread(target=post_for_ever, args=(gateway.port, rate), daemon=True).start()
    return f"http://127.0.0.1:{gateway.admin}/"


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
