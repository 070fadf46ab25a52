"""The gateway of the tests of operation."""
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from gateway_process import GatewayProcess  # noqa: E402
from waiting import environment  # noqa: E402

PATIENCE = 30  # seconds, for another command


class Gateway(GatewayProcess):
    """The program, serving with deadlines of seconds, and other commands of it."""

    def __init__(self, program, folder, target, settings=None, **variables):
        super().__init__(program, folder, {
            "target": f"http://127.0.0.1:{target}", "eventbus": "orders",
            "delivery": {"deadline": "2s", "timeout": "1s"}, "gateway": {"threads": 2, "grace": "2s"}})
        self.start(settings, **variables)

    def command(self, *words, text=None):
        """Runs another command with the same configuration."""
        return subprocess.run([self.program, words[0], "--config", self.config, *words[1:]], text=True,
                              input=text, capture_output=True, timeout=PATIENCE, env=environment())


class OperationTest(unittest.TestCase):
    """A folder of its own, and gateways in it that are stopped at the end."""
    program = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cos-gateway-operation-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def gateway(self, bus, settings=None, **more):
        gateway = Gateway(self.program, self.folder, bus, settings, **more)
        self.addCleanup(gateway.stop)
        return gateway
