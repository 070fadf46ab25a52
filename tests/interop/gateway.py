"""Runs the built program against an HTTP server that plays the eventbus."""
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from waiting import environment, free_port, until  # noqa: E402

PATIENCE = 10


class Eventbus(http.server.ThreadingHTTPServer):
    """Accepts everything; `take()` gives the requests since, each a dict of fields and a body."""

    def __init__(self):
        self.requests = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self):
        taken, self.requests = self.requests, []
        return taken


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Nothing: what came is kept."""


@contextlib.contextmanager
def running(eventbus, mode):
    """Runs a gateway that delivers in this mode. Gives the function that posts to it."""
    port, admin = free_port(), free_port()
    config = {"target": f"http://127.0.0.1:{eventbus.server_port}", "eventbus": "interop",
              "function": {"provision": False, "name": "relay"}, "delivery": {"mode": mode},
              "gateway": {"listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin}",
                          "auth": "none", "threads": 1, "drain_delay": "0s"}}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "config.yml")
        path.write_text(json.dumps(config))
        gateway = subprocess.Popen([os.environ["COS_GATEWAY_PROGRAM"], "run", "--config", path],
                                   env=environment())
        try:
            until("the gateway is ready", lambda: is_ready(admin), PATIENCE)
            yield lambda fields, body: post(port, fields, body)
        finally:
            gateway.terminate()
            gateway.wait(PATIENCE)


def open_connection(port):
    return contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))


def is_ready(port):
    """Returns whether the gateway with this admin port answers that it is ready."""
    with contextlib.suppress(OSError), open_connection(port) as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False


def post(port, fields, body):
    """Returns status and text of the answer."""
    with open_connection(port) as connection:
        connection.request("POST", "/", body, fields)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
