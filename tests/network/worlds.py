#!/usr/bin/env python3
"""The eventbus behind networks as they are: dead addresses, hosts that hang, connections that the way
has forgotten. Each world is a test of its own, in network and mount namespaces of its own.

worlds.py PROGRAM [WORLD...]: exits with 1 if a bound is missed, with 77 where there is no root.
"""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

GATEWAY_SIDE, EVENTBUS_SIDE = "10.9.0.1", "10.9.0.2"
DEAD = ["10.9.0.101", "10.9.0.102", "10.9.0.103"]  # nobody answers, nothing comes back
DEAD_V6 = "fd09::101"
NOBODY = "02:00:00:00:00:99"  # a hardware address nobody has
PORT = 8080
RECORD = {"cos": {"cosObject": {"key": "/1250000000/photos/a.jpg", "size": 1},
                  "cosBucket": {"region": "gz", "name": "photos", "appid": "1250000000"}},
          "event": {"eventName": "cos:ObjectCreated:Put", "eventTime": 1700000000}}
PAYLOAD = json.dumps({"Records": [RECORD]}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def shell(*commands):
    for command in commands:
        subprocess.run(command, shell=True, check=True)


class Eventbus:
    """Answers 200 to each request, or nothing at all; counts them by the host they came to."""

    def __init__(self, *hosts, hangs=()):
        self.arrived = {host: 0 for host in hosts}
        self.listeners = []
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.socket(family)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, PORT))
            listener.listen(64)
            self.listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener, host, host in hangs),
                             daemon=True).start()

    def _accept(self, listener, host, hangs):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, host, hangs),
                             daemon=True).start()

    def _serve(self, connection, host, hangs):
        with connection, connection.makefile("rb") as stream:
            try:
                while head := b"".join(iter(stream.readline, b"\r\n")):
                    length = re.search(rb"(?i)content-length: *(\d+)", head)
                    stream.read(int(length[1]) if length else 0)
                    if hangs:
                        time.sleep(1000)
                    if head.startswith(b"POST"):
                        self.arrived[host] += 1
                    connection.sendall(OK)
            except OSError:
                pass


class Gateway:
    def __init__(self, program, target, delivery=""):
        self.folder = tempfile.mkdtemp()
        config = os.path.join(self.folder, "config.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"target: {target}\neventbus: bus\nfunction: {{provision: false}}\n"
                       "gateway: {listen: '127.0.0.1:7001', admin: '127.0.0.1:7002', auth: none,"
                       f" threads: 1, drain_delay: 0s}}\ndelivery: {{{delivery}}}\n")
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen([program, "run", "--config", config],
                                            stdout=log, stderr=log)
        until(lambda: self.status() is not None, "the gateway listens")

    def post(self, timeout=40):
        begun = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", 7001, timeout=timeout)
            connection.request("POST", "/", PAYLOAD, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        except OSError:
            status = 0
        return status, time.monotonic() - begun

    def load(self, seconds, rate=10):
        """Posts at a fixed rate, whatever becomes of each."""
        results, threads = [], []
        begun = time.monotonic()
        for i in range(int(seconds * rate)):
            threads.append(threading.Thread(target=lambda: results.append(self.post())))
            threads[-1].start()
            time.sleep(max(0, begun + (i + 1) / rate - time.monotonic()))
        for thread in threads:
            thread.join()
        return results

    def status(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", 7002, timeout=3)
            connection.request("GET", "/status")
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError):
            return None

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def until(ready, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def name(*addresses):
    """What eventbus.test stands for from now on."""
    with open("/etc/hosts", "w", encoding="utf-8") as hosts:
        hosts.write("127.0.0.1 localhost\n" + "".join(f"{a} eventbus.test\n" for a in addresses))


def link():
    """A wire on which nobody has DEAD and DEAD_V6; EVENTBUS_SIDE is this machine's own."""
    shell("ip link add vg type veth peer name vb", "ip link set vg up", "ip link set vb up",
          f"ip addr add {GATEWAY_SIDE}/24 dev vg", f"ip addr add {EVENTBUS_SIDE}/32 dev lo",
          "ip -6 addr add fd09::1/64 dev vg nodad",
          f"ip neigh replace {DEAD_V6} lladdr {NOBODY} dev vg nud permanent")
    for address in DEAD:
        shell(f"ip neigh replace {address} lladdr {NOBODY} dev vg nud permanent")


def in_time(results, within=2.0, share=0.999):
    good = sum(status == 200 and took < within for status, took in results)
    slowest = max(took for _, took in results)
    print(f"  {good} of {len(results)} posts answered 200 within {within:g} s, slowest {slowest:.1f} s")
    assert good >= share * len(results), sorted(results, key=lambda r: -r[1])[:5]


def several(program, *addresses, hangs=()):
    link()
    alive = [EVENTBUS_SIDE, *hangs]
    for address in hangs:
        shell(f"ip addr add {address}/32 dev lo")
    Eventbus(*alive, hangs=hangs)
    name(*addresses)
    gateway = Gateway(program, f"http://eventbus.test:{PORT}/in")
    results = gateway.load(12)
    print(gateway.log()[-700:])
    gateway.stop()
    in_time(results)


def one_silent(program):
    several(program, DEAD[0], EVENTBUS_SIDE)


def ipv6_dead(program):
    several(program, DEAD_V6, EVENTBUS_SIDE)


def three_of_four_dead(program):
    several(program, *DEAD, EVENTBUS_SIDE)


def one_hangs(program):
    several(program, "10.9.0.3", EVENTBUS_SIDE, hangs=["10.9.0.3"])


def far_eventbus():
    """The eventbus in a network namespace of its own, behind a wire."""
    code = (f"import sys, time; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r});"
            "from worlds import *; sys.stdin.readline();"
            f"shell('ip link set lo up', 'ip link set vb up', 'ip addr add {EVENTBUS_SIDE}/24 dev vb');"
            f"Eventbus({EVENTBUS_SIDE!r}); print('up', flush=True); time.sleep(1000)")
    far = subprocess.Popen(["unshare", "-n", sys.executable, "-c", code], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)
    shell("ip link add vg type veth peer name vb", f"ip addr add {GATEWAY_SIDE}/24 dev vg",
          "ip link set vg up")
    until(lambda: os.readlink(f"/proc/{far.pid}/ns/net") != os.readlink("/proc/self/ns/net"),
          "a namespace of its own")
    shell(f"ip link set vb netns {far.pid}")
    far.stdin.write("\n")
    far.stdin.flush()
    far.stdout.readline()
    return far


def forgotten(program):
    """What is sent on the connections there are is dropped from now on; new ones work."""
    far = far_eventbus()
    gateway = Gateway(program, f"http://{EVENTBUS_SIDE}:{PORT}/in")
    for _ in range(4):
        assert gateway.post()[0] == 200
    for attempt in range(3):
        sockets = subprocess.run(
            ["ss", "-tnH", "state", "established", "dst", f"{EVENTBUS_SIDE}:{PORT}"],
            stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        ports = [line.split()[2].rsplit(":", 1)[1] for line in sockets]
        assert ports
        if attempt == 0:
            shell(f"ip neigh replace 10.9.0.99 lladdr {NOBODY} dev vg nud permanent",
                  f"ip route add {EVENTBUS_SIDE}/32 via 10.9.0.99 dev vg table 100")
        for port in ports:
            shell(f"ip rule add ipproto tcp sport {port} table 100")
        results = [gateway.post(), gateway.post()]
        print(f"  {len(ports)} connections forgotten, posts: {results}")
        in_time(results, within=3.0)
    gateway.stop()
    far.kill()


def black_hole(program):
    """Nothing comes through for some seconds: the gateway knows soon, and is back soon."""
    far = far_eventbus()
    gateway = Gateway(program, f"http://{EVENTBUS_SIDE}:{PORT}/in")
    for _ in range(4):
        assert gateway.post()[0] == 200
    shell(f"ip neigh replace {EVENTBUS_SIDE} lladdr {NOBODY} dev vg nud permanent")
    begun = time.monotonic()
    posts = [threading.Thread(target=gateway.post) for _ in range(4)]
    for post in posts:
        post.start()
    until(lambda: gateway.status()["eventbus"]["up"] == 0,
          "the gateway knows that the eventbus is away", 10)
    print(f"  known after {time.monotonic() - begun:.1f} s")
    time.sleep(4)
    shell(f"ip neigh del {EVENTBUS_SIDE} dev vg")
    back = time.monotonic()
    for post in posts:
        post.join()
    took = time.monotonic() - back
    print(f"  what waited was delivered {took:.1f} s after the network was back")
    assert took < 2.5, took
    gateway.stop()
    far.kill()


def new_replicas(program):
    """A name gets another address: within delivery.max_age it has its share, and no post fails."""
    link()
    shell("ip addr add 10.9.0.3/32 dev lo")
    bus = Eventbus(EVENTBUS_SIDE, "10.9.0.3")
    name(EVENTBUS_SIDE)
    gateway = Gateway(program, f"http://eventbus.test:{PORT}/in", "max_age: 2s")
    first = gateway.load(2)
    name(EVENTBUS_SIDE, "10.9.0.3")
    during = gateway.load(5)
    before = dict(bus.arrived)
    after = gateway.load(4, rate=25)
    share = bus.arrived["10.9.0.3"] - before["10.9.0.3"]
    print(f"  the new address got {share} of 100 events")
    gateway.stop()
    in_time(first + during + after, share=1)
    assert share >= 25, share


WORLDS = [one_silent, ipv6_dead, three_of_four_dead, one_hangs, forgotten, black_hole, new_replicas]


def inside(program, world):
    shell("ip link set lo up")
    hosts = os.path.join(tempfile.mkdtemp(), "hosts")
    with open(hosts, "w", encoding="utf-8") as file:
        file.write("127.0.0.1 localhost\n")
    shell(f"mount --bind {hosts} /etc/hosts")
    next(w for w in WORLDS if w.__name__ == world)(program)


def main():
    program, *wanted = sys.argv[1:]
    if os.environ.get("COS_GATEWAY_WORLD"):
        inside(program, os.environ["COS_GATEWAY_WORLD"])
        return 0
    usable = os.geteuid() == 0 and subprocess.run(
        ["unshare", "-n", "-m", "ip", "link", "add", "type", "veth"], stderr=subprocess.DEVNULL,
        check=False).returncode == 0
    if not usable:
        print("skipped: needs root, network namespaces and the command ip")
        return 77
    failed = []
    for world in WORLDS:
        if wanted and world.__name__ not in wanted:
            continue
        print(world.__name__, flush=True)
        done = subprocess.run(
            ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", sys.executable, "-B",
             sys.argv[0], program], env={**os.environ, "COS_GATEWAY_WORLD": world.__name__},
            check=False, timeout=120)
        if done.returncode != 0:
            failed.append(world.__name__)
    print("failed: " + ", ".join(failed) if failed else "all worlds as they should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
