"""What the tests of operation share: a gateway, an eventbus that answers as it is told, and posts."""
import contextlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from waiting import environment, free_port, until  # noqa: E402

PATIENCE = 30  # seconds, for anything


class Eventbus(http.server.ThreadingHTTPServer):
    """Answers `status` and `text`, which may be bytes, to every event; none while `status` is SILENT."""
    SILENT = 0
    daemon_threads = True

    def __init__(self, status=200, text=""):
        self.status, self.text = status, text
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Nothing: a gateway may leave while it waits."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        while self.server.status == Eventbus.SILENT:
            time.sleep(0.1)
        self.send_response(self.server.status)
        text = self.server.text
        body = text if isinstance(text, bytes) else text.encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""


def payload(*keys):
    records = [{"cos": {"cosBucket": {"region": "gz", "name": "b", "appid": "1"},
                        "cosObject": {"key": f"/1/b/{key}", "size": 1}},
                "event": {"eventName": "cos:ObjectCreated:Put", "eventTime": int(time.time())}}
               for key in keys]
    return json.dumps({"Records": records})


class Gateway:
    """The program, serving. `log` is the path of what it writes to standard error."""

    def __init__(self, program, folder, target, settings=None, **more):
        self.program = program
        self.port, self.admin = free_port(), free_port()
        config = {"target": f"http://127.0.0.1:{target}", "eventbus": "orders",
                  "function": {"provision": False}, "delivery": {"deadline": "2s", "timeout": "1s"},
                  "gateway": {"listen": f"127.0.0.1:{self.port}", "admin": f"127.0.0.1:{self.admin}",
                              "auth": "none", "threads": 2, "drain_delay": "0s", "grace": "2s"}}
        for section, values in (settings or {}).items():
            config[section] = {**config.get(section, {}), **values}
        self.config = pathlib.Path(folder, "config.yml")
        self.config.write_text(json.dumps(config))
        self.log = pathlib.Path(folder, "log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen([program, "run", "--config", self.config], stderr=log,
                                            env=environment(**more))
        until("listening", lambda: "listening" in self.log.read_text() or self.process.poll())

    def command(self, *words, text=None):
        """Runs another command with the same configuration."""
        return subprocess.run([self.program, words[0], "--config", self.config, *words[1:]], text=True,
                              input=text, capture_output=True, timeout=PATIENCE, env=environment())

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def running(*arguments, **more):
    gateway = Gateway(*arguments, **more)
    try:
        yield gateway
    finally:
        gateway.stop()
