"""The gateway under test, and posts for it."""
import collections
import socket
import threading
import time

from servers import PATIENCE
from cos_payload import payload
from gateway_process import GatewayProcess
from loopback import request


class Gateway(GatewayProcess):
    """The program with its defaults but for `delivery` and `threads`; 0: as many as by default."""

    def __init__(self, program, folder, target, delivery, threads=1):
        super().__init__(program, folder, {
            "target": target, "event": {"attributes": ["subject"]}, "delivery": delivery,
            "gateway": {"threads": threads}}, listens_within=PATIENCE, ends_within=60)
        self.start()

    def connections(self):
        """Returns what /status tells of each, wherever it stands there."""
        found, rest = [], [self.status()]
        while rest:
            one = rest.pop()
            if isinstance(one, dict) and "pipeline_depth" in one:
                found.append(one)
            elif isinstance(one, (dict, list)):
                rest.extend(one.values() if isinstance(one, dict) else one)
        return found

    def delivered(self):
        """Returns how many events the eventbus has acknowledged."""
        return self.metric("cos_gateway_events_delivered_total")


def read_status(answers):
    """Reads an answer to its end."""
    line = answers.readline()
    if not line:
        raise ConnectionError("the gateway has closed the connection")
    status, length = int(line.split()[1]), 0
    while (line := answers.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    answers.read(length)
    return status


class Load:
    """Posts numbered records over several connections, each with some posts on their way."""

    def __init__(self, port, posts, connections=8, together=16, records=1):
        self.port, self.together, self.records = port, together, records
        self.next, self.posts = 0, posts
        self.failure = None
        self.lock = threading.Lock()
        self.answers = collections.Counter()
        self.acknowledged = set()
        self.threads = [threading.Thread(target=self.run) for _ in range(connections)]
        self.begun = time.monotonic()
        for thread in self.threads:
            thread.start()

    def take(self):
        with self.lock:
            first, self.next = self.next, min(self.posts, self.next + self.together)
            return range(first, self.next)

    def keys(self, number):
        return [f"n{number * self.records + i}" for i in range(self.records)]

    def run(self):
        try:
            self.converse()
        except OSError as error:
            self.failure = error

    def converse(self):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            answers = connection.makefile("rb")
            while numbers := self.take():
                connection.sendall(b"".join(request(payload(*self.keys(n))) for n in numbers))
                for number in numbers:
                    status = read_status(answers)
                    with self.lock:
                        self.answers[status] += 1
                        if status == 200:
                            self.acknowledged.update("/1/b/" + key for key in self.keys(number))

    def wait(self):
        for thread in self.threads:
            thread.join()
        if self.failure is not None:
            raise self.failure
        self.took = time.monotonic() - self.begun
