"""The program as a child that serves, and what it says of itself."""
import json
import pathlib
import re
import signal
import subprocess

from loopback import ask
from waiting import environment, free_port, until


def merged(config, settings):
    """Returns the configuration with the values of each section of `settings` put over its own."""
    return {**config, **{
        name: {**config.get(name, {}), **values} if isinstance(values, dict) else values
        for name, values in settings.items()}}


class GatewayProcess:
    """`cos-gateway run` on two ports of loopback: `port` for posts, and `admin`. Its configuration
    and what it writes are files of `folder`. It has so many seconds to listen, and so many to end."""

    def __init__(self, program, folder, settings, listens_within=30, ends_within=30):
        self.program, self.process = program, None
        self.port, self.admin = free_port(), free_port()
        self.config, self.log_file = (pathlib.Path(folder, name) for name in ("config.yml", "log"))
        self.listens_within, self.ends_within = listens_within, ends_within
        self.settings = merged({"function": {"provision": False}, "gateway": {
            "listen": f"127.0.0.1:{self.port}", "admin": f"127.0.0.1:{self.admin}",
            "auth": "none", "threads": 1, "drain_delay": "0s"}}, settings)

    def start(self, settings=None, **variables):
        """Returns itself once it listens, with more settings, or with a text as its configuration, and
        with variables of the environment."""
        self.config.write_text(settings if isinstance(settings, str) else
                               json.dumps(merged(self.settings, settings or {})))
        with self.log_file.open("ab") as log:
            before = log.tell()
            self.process = subprocess.Popen([self.program, "run", "--config", self.config],
                                            stdout=log, stderr=log, env=environment(**variables))
        until("the gateway listens", lambda: self._listens(before), self.listens_within)
        return self

    def _listens(self, before):
        ended = self.process.poll()
        said = self.log(before)
        assert ended is None, f"the gateway ended with {ended}: {said}"
        return '"listening"' in said

    def log(self, before=0):
        """Returns what it has written, at all its starts, but for so many bytes."""
        return self.log_file.read_bytes()[before:].decode(errors="replace")

    def lines(self):
        """Returns the objects it has logged."""
        return [json.loads(line) for line in self.log().splitlines()]

    def page(self, path):
        """Returns the text of a page of the admin port."""
        return ask(self.admin, path)[1]

    def status(self):
        """Returns the object that /status is."""
        return json.loads(self.page("/status"))

    def metric(self, name):
        """Returns the sum of a metric's values, whatever their labels."""
        values = re.findall(rf"^{name}(?:{{.*}})? (\S+)", self.page("/metrics"), re.M)
        return sum(map(float, values))

    def stop(self, how=signal.SIGTERM):
        """Returns its exit code once it has ended, by this signal if it has not before."""
        self.process.send_signal(how)
        return self.process.wait(self.ends_within)
