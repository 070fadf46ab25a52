"""The scripted cloud as a child."""
import json
import subprocess

from loopback import ask


class ScriptedCloud:
    """The program scripted-cloud, which knows one key pair, on `port` of loopback."""

    def __init__(self, program, secret_id, secret_key, *options):
        self.process = subprocess.Popen(
            [program, "--secret-id", secret_id, "--secret-key", secret_key, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def state(self):
        """Returns what it has: functions, rules, and how often it was asked what."""
        return json.loads(ask(self.port, "/state")[1])

    def end(self):
        """Ends it, as the end of its standard input does."""
        self.process.communicate(timeout=10)
