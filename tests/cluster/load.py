"""Posts against a gateway in the cluster, and the account of what became of each."""
import collections
import itertools
import json
import signal
import subprocess

from nodes import until

TOKEN = "the token of this test, which is long enough"


class Events:
    """What eventbus pods received: each writes time and key of every event into its own file."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(mode=0o777)

    def of(self, prefix):
        """Returns how often each key that begins so was received."""
        return collections.Counter(key for _, _, key in self._lines(prefix))

    def of_pods(self, prefix, since):
        """Returns how many such events each pod received since then (Unix seconds)."""
        return collections.Counter(
            pod for pod, at, _ in self._lines(prefix) if at >= since * 1000)

    def first(self, prefix, since):
        """Returns when the first such event arrived since then, in Unix seconds, or None."""
        times = [at for _, at, _ in self._lines(prefix) if at >= since * 1000]
        return min(times) / 1000 if times else None

    def _lines(self, prefix):
        for path in self.folder.iterdir():
            with open(path, encoding="ascii") as file:
                for line in file:
                    if not line.endswith("\n"):
                        break  # it is being written
                    at, key = line.split()
                    if key.startswith(prefix):
                        yield path.name.rpartition(".")[0], int(at), key


class Load:
    """Signed posts at an even rate, each with a key of its own, until it is stopped."""
    numbers = itertools.count(1)

    def __init__(self, node, program, folder, url, rate, connections, padding=0, token=TOKEN):
        self.prefix = f"load{next(self.numbers)}/"
        self.acked_path = folder / f"{self.prefix[:-1]}.acked"
        self.process = subprocess.Popen(
            node.enter(program, "post", "-url", url, "-rate", rate, "-connections", connections,
                       "-padding", padding, "-prefix", self.prefix[:-1], "-token", token,
                       "-acked", self.acked_path), stdout=subprocess.PIPE, text=True)
        self.outcome = None

    def stop(self):
        if self.outcome is None:
            self.process.send_signal(signal.SIGTERM)
            self.outcome = json.loads(self.process.communicate(timeout=60)[0])

    def wait_for(self, posts, seconds):
        """Waits until so many posts have been acknowledged."""
        until(f"{posts} posts", lambda: len(self.acked()) >= posts, seconds, 1)

    def acked(self):
        return set(self.acked_path.read_text().split())


class Account:
    """Of all loads of one scenario."""

    def __init__(self, loads, events, patience):
        """Waits, for so many seconds at most, until every acknowledged key has been received."""
        for load in loads:
            load.stop()
        self.posts = sum(load.outcome["posts"] for load in loads)
        self.answers = collections.Counter()
        for load in loads:
            self.answers.update(load.outcome["answers"])
        self.failed = self.posts - self.answers["200"]
        self.failures = [one for load in loads for one in load.outcome["failures"] or []]
        self.last_failed = max((load.outcome["last_failed"] for load in loads), default=0)
        acked = {load.prefix: load.acked() for load in loads}

        def missing():
            return sum(len(keys - events.of(prefix).keys()) for prefix, keys in acked.items())
        try:
            until("every acknowledged event", lambda: missing() == 0, patience, 1)
        except TimeoutError:
            pass
        self.lost = missing()
        self.duplicates = sum(
            count - 1 for prefix in acked for count in events.of(prefix).values())
