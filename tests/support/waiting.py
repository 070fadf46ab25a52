"""What the tests in Python share: free ports, waits with a deadline, an environment of their own."""
import os
import random
import socket
import time

# What would configure the program, what the service manager tells it, and how it is to look.
CONFIGURES = ("CONNECTOR_", "TENCENTCLOUD_", "TKE_", "KUBERNETES_", "NOTIFY_", "NO_COLOR")


def environment(**more):
    """Returns this process' environment without what would configure the program, and proxies."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(CONFIGURES) and not name.lower().endswith("_proxy")}
    return {**kept, **more}


_given = set()


def free_port():
    """Returns a port of loopback on which nobody listens, which this process was not given before, and
    which the kernel gives to nobody who asks for any."""
    for _ in range(100):
        port = random.randint(10000, 32000)
        if port in _given:
            continue
        try:
            with socket.create_server(("127.0.0.1", port)):
                _given.add(port)
                return port
        except OSError:
            pass
    raise OSError("no port is free")


def accepts(port):
    """Returns whether somebody listens on this port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def until(what, holds, patience=30, pause=0.02, said=str):
    """Returns what `holds()` returns once that is true; fails with `what`, and what `said()` returns,
    after `patience` seconds."""
    end = time.monotonic() + patience
    while not (value := holds()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {patience} s{said()}")
        time.sleep(pause)
    return value
