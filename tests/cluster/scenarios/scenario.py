"""A scenario has load, a disturbance and bounds."""
import dataclasses

SCENARIOS = []
# Answers of a pod that is gone, and of one that cannot be reached.
BROKEN = {"EOF", "read: read: connection reset by peer", "dial: connect: connection refused",
          "dial: connect: connection reset by peer", "write: write: connection reset by peer",
          "write: write: broken pipe", "http: server closed idle connection"}
TIMED_OUT = {"context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
             "dial: i/o timeout", "dial: connect: no route to host"}


@dataclasses.dataclass
class Scenario:
    name: str
    run: object
    allowed: set        # answers other than 200
    seconds: float      # until all is well


def scenario(name, allowed=(), seconds=300):
    def add(run):
        SCENARIOS.append(Scenario(name, run, set(allowed), seconds))
        return run
    return add
