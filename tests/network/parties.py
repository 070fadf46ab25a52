"""Who takes part in a world: the eventbus, the gateway, the wires between them, and who posts."""
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "support"))
from cos_payload import record, text_of  # noqa: E402
from gateway_process import GatewayProcess  # noqa: E402
from loopback import NO_ANSWER, ask  # noqa: E402
from waiting import until  # noqa: E402

PATIENCE = 20  # seconds
GATEWAY_SIDE, EVENTBUS_SIDE = "10.9.0.1", "10.9.0.2"
DEAD = ["10.9.0.101", "10.9.0.102", "10.9.0.103"]  # nobody answers, nothing comes back
DEAD_V6 = "fd09::101"
NOBODY = "02:00:00:00:00:99"  # a hardware address nobody has
PORT = 8080
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def shell(*commands):
    for command in commands:
        subprocess.run(command, shell=True, check=True)


class Eventbus:
    """Answers 200 to each request, and counts them and the connections by the host they came to.

    Hosts in `hangs` never answer, those in `closes` close each connection at once; `certificates` has
    certificate and key, as files, of those that speak TLS. `reads` is how fast bodies are read, in
    bytes a second."""

    def __init__(self, *hosts, hangs=(), closes=(), certificates=None, reads=None):
        self.arrived = {host: 0 for host in hosts}
        self.accepted = {host: 0 for host in hosts}
        self.hangs, self.closes, self.reads = hangs, closes, reads
        for host in hosts:
            listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reads is not None:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            listener.bind((host, PORT))
            listener.listen(64)
            context = None
            if certificates is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*certificates[host])
            threading.Thread(target=self._accept, args=(listener, host, context), daemon=True).start()

    def _accept(self, listener, host, context):
        while True:
            connection, _ = listener.accept()
            self.accepted[host] += 1
            if host in self.closes:
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection, host, context),
                             daemon=True).start()

    def _serve(self, connection, host, context):
        try:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while head := b"".join(iter(stream.readline, b"\r\n")):
                    length = re.search(rb"(?i)content-length: *(\d+)", head)
                    self._read(stream, int(length[1]) if length else 0)
                    if host in self.hangs:
                        time.sleep(1000)
                    if head.startswith(b"POST"):
                        self.arrived[host] += 1
                    connection.sendall(OK)
        except OSError:
            pass

    def _read(self, stream, length):
        piece = length if self.reads is None else self.reads // 20
        while length > 0:
            read = len(stream.read(min(length, piece)))
            if read == 0:
                raise ConnectionError("the body is cut")
            length -= read
            if length > 0 and self.reads is not None:
                time.sleep(1 / 20)


class Load:
    """Posts at a fixed rate, whatever becomes of each, on threads of its own."""

    def __init__(self, post, seconds, rate):
        self.post, self.number, self.rate = post, int(seconds * rate), rate
        self.done = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        begun, threads = time.monotonic(), []
        for i in range(self.number):
            threads.append(threading.Thread(target=lambda: self.done.append(self.post())))
            threads[-1].start()
            time.sleep(max(0, begun + (i + 1) / self.rate - time.monotonic()))
        for thread in threads:
            thread.join()

    def results(self):
        self.thread.join()
        return self.done


class Gateway(GatewayProcess):
    def __init__(self, program, target, **delivery):
        super().__init__(program, tempfile.mkdtemp(), {"target": target, "eventbus": "bus",
                                                       "delivery": delivery},
                         listens_within=PATIENCE, ends_within=60)
        self.start()

    def post(self, size=0, timeout=40):
        """Posts a record, with `size` bytes more than it has by itself. Returns status and time."""
        begun = time.monotonic()
        more = {"padding": "x" * size} if size else {}
        body = text_of(record("/1250000000/photos/a.jpg", **more))
        try:
            status, _ = ask(self.port, "/", body, timeout=timeout)
        except NO_ANSWER:
            status = 0
        return status, time.monotonic() - begun

    def load(self, seconds, rate=10, size=0):
        """Posts at a fixed rate, whatever becomes of each."""
        return self.begin_load(seconds, rate, size).results()

    def begin_load(self, seconds, rate=10, size=0):
        return Load(lambda: self.post(size), seconds, rate)


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


def serve_in_time(program, *addresses, seconds=12, scheme="http", **delivery):
    """Posts for some seconds to a name that stands for these addresses."""
    name(*addresses)
    gateway = Gateway(program, f"{scheme}://eventbus.test:{PORT}/in", **delivery)
    results = gateway.load(seconds)
    print(gateway.log()[-700:])
    gateway.stop()
    in_time(results)


class FarEventbus:
    """An eventbus in a network namespace of its own, behind the wire vg<number> to vb<number>."""

    def __init__(self, host, number="", **settings):
        self.near, self.far = f"vg{number}", f"vb{number}"
        network = host.rsplit(".", 1)[0]
        code = (f"import sys; sys.path.insert(0, {HERE!r}); from parties import *;"
                f"serve_by_command(**{settings!r})")
        self.process = subprocess.Popen(["unshare", "-n", sys.executable, "-B", "-c", code],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        shell(f"ip link add {self.near} type veth peer name {self.far}",
              f"ip addr add {network}.1/24 dev {self.near}", f"ip link set {self.near} up")
        until("it has a namespace of its own",
              lambda: os.readlink(f"/proc/{self.process.pid}/ns/net")
              != os.readlink("/proc/self/ns/net"), PATIENCE)
        shell(f"ip link set {self.far} netns {self.process.pid}")
        self.shell("ip link set lo up", f"ip link set {self.far} up",
                   f"ip addr add {host}/24 dev {self.far}")
        self.serve(host)

    def serve(self, host):
        """Listens on this address of its namespace as well."""
        self._ask(f"serve {host}")

    def arrived(self):
        """Returns how many events have come."""
        return int(self._ask("arrived"))

    def _ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def shell(self, *commands):
        """Runs commands in its network namespace."""
        shell(*(f"nsenter -t {self.process.pid} -n {command}" for command in commands))


def serve_by_command(**settings):
    """What FarEventbus has run in the other namespace."""
    buses = []
    for command in sys.stdin:
        if command.startswith("serve"):
            buses.append(Eventbus(command.split()[1], **settings))
        print(sum(sum(bus.arrived.values()) for bus in buses), flush=True)


def connections_to(host):
    """Returns the local ports of the connections to it."""
    sockets = subprocess.run(["ss", "-tnH", "state", "established", "dst", f"{host}:{PORT}"],
                             stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return [line.split()[2].rsplit(":", 1)[1] for line in sockets]


def forget(host, device, ports):
    """Drops from now on what is sent to it from these ports; other connections work."""
    shell(f"ip neigh replace 10.9.0.99 lladdr {NOBODY} dev {device} nud permanent",
          f"ip route replace {host}/32 via 10.9.0.99 dev {device} table 100",
          *(f"ip rule add ipproto tcp sport {port} table 100" for port in ports))
