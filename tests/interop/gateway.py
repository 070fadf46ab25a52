"""Runs the built program against an HTTP server that plays the eventbus."""
import contextlib
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from eventbus import Eventbus  # noqa: E402
from gateway_process import GatewayProcess  # noqa: E402
from loopback import ask  # noqa: E402

PATIENCE = 10


class Recorder(Eventbus):
    """Accepts everything; `take()` gives the requests since, each a dict of fields and a body."""

    def __init__(self):
        self.requests = []
        super().__init__(204)

    def on_event(self, fields, body):
        self.requests.append((dict(fields.items()), body))

    def take(self):
        taken, self.requests = self.requests, []
        return taken


@contextlib.contextmanager
def running(eventbus, mode):
    """Runs a gateway that delivers in this mode. Gives the function that posts to it."""
    settings = {"target": f"http://127.0.0.1:{eventbus.server_port}", "eventbus": "interop",
                "function": {"name": "relay"}, "delivery": {"mode": mode}}
    with tempfile.TemporaryDirectory() as folder:
        gateway = GatewayProcess(os.environ["COS_GATEWAY_PROGRAM"], folder, settings,
                                 listens_within=PATIENCE, ends_within=PATIENCE).start()
        try:
            yield lambda fields, body: ask(gateway.port, "/", body, fields, PATIENCE)
        finally:
            gateway.stop()
