#!/usr/bin/env python3
"""Eventbuses that people really have: run.py PROGRAM FOLDER [--posts N] [--only NAME,...]

For each server (a receiver on an official CloudEvents SDK, alone or behind nginx or HAProxy): events
with awkward attributes in all three modes of delivery; posts at full speed through the defaults and
through restarts of the server. Every event whose post was acknowledged must have arrived; what came
twice is counted. Packages are installed into FOLDER, in the versions that receivers/ pins. What cannot
be had is skipped with its reason; ends with 77 where nothing can. Prints the table of
docs/destinations.md.
"""
import argparse
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from waiting import accepts, free_port, until  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RECEIVERS = os.path.join(HERE, "receivers")
PATIENCE = 60
AWKWARD = ["plain.txt", "照片/2024 ü.jpg", 'quote".txt', "percent%41.txt", "tab%09.txt",
           "emoji-😀.png", "a, b; c=d.txt", "back\\slash", "x" * 700]
STRICT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Missing(Exception):
    """What a server needs cannot be had here."""


def install(mark, wanted, *command, cwd=None, env=None):
    """Runs a command that installs, unless it was run for the same text before."""
    if os.path.exists(mark) and open(mark, encoding="utf-8").read() == wanted:
        return
    done = subprocess.run(command, cwd=cwd, check=False, timeout=600, env=env,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{command[0]} fails: {(done.stderr or done.stdout).strip()[-200:]}")
    with open(mark, "w", encoding="utf-8") as file:
        file.write(wanted)


def text_of(*path):
    return open(os.path.join(*path), encoding="utf-8").read()


def need(program):
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/go/bin")
    if not found:
        raise Missing(f"no {program}")
    return found


class Server:
    """A receiver as a process, or several, on self.port. What it takes it writes into self.received."""

    def __init__(self, tools, folder):
        self.tools, self.folder = tools, folder
        self.port = free_port()
        self.received = os.path.join(folder, "received")
        self.log = os.path.join(folder, "server.log")
        self.processes = []

    def spawn(self, command, environment=None, cwd=None):
        with open(self.log, "a", encoding="utf-8") as log:
            self.processes.append(subprocess.Popen(
                command, stdout=log, stderr=log, cwd=cwd or self.folder, start_new_session=True,
                env={**os.environ, **(environment or {})}))

    def start(self):
        self.run()
        until("the server listens",
              lambda: self.ended() or accepts(self.port), PATIENCE)
        if self.ended():
            raise AssertionError(f"the server ended: {text_of(self.log)[-2000:]}")

    def ended(self):
        return any(process.poll() is not None for process in self.processes)

    def stop(self, how):
        for process in self.processes:
            os.killpg(process.pid, how)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes = []


class Node(Server):
    name = "Node.js, SDK for JavaScript"

    def run(self, port=None):
        node, npm = need("node"), need("npm")
        work = os.path.join(self.tools, "node")
        os.makedirs(work, exist_ok=True)
        for file in ("package.json", "package-lock.json", "receiver.js"):
            shutil.copy(os.path.join(RECEIVERS, "node", file), work)
        install(os.path.join(work, "installed"), text_of(work, "package-lock.json"), npm, "ci",
                "--no-audit", "--no-fund", "--ignore-scripts", "--silent", cwd=work)
        self.spawn([node, os.path.join(work, "receiver.js"), str(port or self.port), self.received])


class Python(Server):
    def program(self, name):
        work = os.path.join(self.tools, "python")
        wanted = text_of(RECEIVERS, "python", "requirements.txt")
        if not os.path.exists(os.path.join(work, "bin", "pip")):
            install(work + ".venv", sys.version, sys.executable, "-m", "venv", work)
        install(work + ".installed", wanted, os.path.join(work, "bin", "pip"), "install", "--quiet",
                "--disable-pip-version-check", "--requirement",
                os.path.join(RECEIVERS, "python", "requirements.txt"))
        return os.path.join(work, "bin", name)

    def environment(self):
        return {"RECEIVED": self.received, "PYTHONDONTWRITEBYTECODE": "1"}


class Uvicorn(Python):
    name = "uvicorn, SDK for Python"

    def run(self):
        self.spawn([self.program("uvicorn"), "receiver:asgi", "--port", str(self.port), "--app-dir",
                    os.path.join(RECEIVERS, "python"), "--log-level", "error"], self.environment())


class Gunicorn(Python):
    name = "gunicorn --max-requests 500, SDK for Python"

    def run(self):
        self.spawn([self.program("gunicorn"), "receiver:wsgi", "--bind", f"127.0.0.1:{self.port}",
                    "--worker-class", "gthread", "--threads", "8", "--workers", "2", "--max-requests",
                    "500", "--chdir", os.path.join(RECEIVERS, "python"), "--log-level", "error"],
                   self.environment())


class Go(Server):
    name = "net/http, SDK for Go"

    def run(self):
        go = need("go")
        program = os.path.join(self.tools, "go-receiver")
        source = os.path.join(RECEIVERS, "go")
        install(program + ".installed", text_of(source, "go.sum") + text_of(source, "main.go"), go,
                "build", "-o", program, ".", cwd=source)
        self.spawn([program, str(self.port), self.received])


class Java(Server):
    name = "Vert.x (Netty), SDK for Java"

    def run(self):
        mvn, javac = need("mvn"), need("javac")
        source = os.path.join(RECEIVERS, "java")
        work = os.path.join(self.tools, "java")
        os.makedirs(work, exist_ok=True)
        install(os.path.join(work, "fetched"), text_of(source, "pom.xml"), mvn, "-q", "-B", "-f",
                source,
                "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
                f"-DoutputDirectory={work}/lib")
        install(os.path.join(work, "compiled"), text_of(source, "Receiver.java"), javac, "-cp",
                f"{work}/lib/*", "-d", f"{work}/classes", os.path.join(source, "Receiver.java"))
        self.spawn([need("java"), "-Xmx256m", "-cp", f"{work}/classes:{work}/lib/*", "Receiver",
                    str(self.port), self.received])


def unpacked(tools, program, *packages):
    """Returns a program of the path or of Debian's packages, unpacked into `tools`."""
    try:
        return need(program)
    except Missing:
        pass
    root = os.path.join(tools, program)
    os.makedirs(root, exist_ok=True)
    found = os.path.join(root, "usr", "sbin", program)
    if not os.path.exists(found):
        done = subprocess.run(["apt-get", "download", *packages], cwd=root, check=False, timeout=120,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Missing(f"no {program}, and apt-get download does not give it")
        for file in os.listdir(root):
            if file.endswith(".deb"):
                subprocess.run(["dpkg-deb", "-x", file, root], cwd=root, check=True)
    return found


class Nginx(Node):
    name = "nginx in front of Node.js, keepalive_requests 1000"
    extra = ""

    def run(self, port=None):
        self.behind = free_port()
        super().run(self.behind)
        until("the server behind nginx listens",
              lambda: self.ended() or accepts(self.behind), PATIENCE)
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""
daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/fastcgi; uwsgi_temp_path {self.folder}/uwsgi;
  scgi_temp_path {self.folder}/scgi;
  upstream receiver {{ server 127.0.0.1:{self.behind}; keepalive 32; }}
  limit_req_zone $binary_remote_addr zone=all:1m rate=1000r/s;
  server {{
    listen 127.0.0.1:{self.port}; {self.extra}
    location / {{ proxy_pass http://receiver; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }}
  }}
}}
""")
        self.spawn([unpacked(self.tools, "nginx", "nginx"), "-p", self.folder, "-c", config])


class NginxLimited(Nginx):
    name = "nginx, limit_req 1000/s with 429, bodies up to 16 kB, idle connections for 1 s"
    extra = ("limit_req zone=all burst=20 nodelay; limit_req_status 429; client_max_body_size 16k; "
             "keepalive_timeout 1s;")


class Haproxy(Node):
    name = "HAProxy in front of Node.js, idle connections for 1 s"

    def run(self, port=None):
        behind = free_port()
        super().run(behind)
        until("the server behind HAProxy listens",
              lambda: self.ended() or accepts(behind), PATIENCE)
        config = os.path.join(self.folder, "haproxy.cfg")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout http-keep-alive 1s
frontend events
  bind 127.0.0.1:{self.port}
  default_backend receiver
backend receiver
  server node 127.0.0.1:{behind}
""")
        self.spawn([need("haproxy"), "-db", "-f", config])


SERVERS = [Node, Uvicorn, Gunicorn, Go, Java, Nginx, NginxLimited, Haproxy]


class Gateway:
    def __init__(self, program, folder, target, delivery):
        self.port, self.admin = free_port(), free_port()
        self.log = os.path.join(folder, "gateway.log")
        config = os.path.join(folder, "config.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"target": target, "function": {"provision": False},
                       "event": {"attributes": ["subject"]},
                       "gateway": {"listen": f"127.0.0.1:{self.port}", "drain_delay": "0s",
                                   "admin": f"127.0.0.1:{self.admin}", "auth": "none", "threads": 1},
                       "delivery": delivery}, file)
        clean = {k: v for k, v in os.environ.items()
                 if not k.lower().endswith("_proxy") and not k.startswith("CONNECTOR_")}
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([program, "run", "--config", config], stderr=log,
                                            stdout=log, env=clean)
        until("the gateway listens",
              lambda: self.process.poll() is not None or accepts(self.admin), PATIENCE)
        assert self.process.poll() is None, text_of(self.log)

    def status(self):
        with STRICT.open(f"http://127.0.0.1:{self.admin}/status", timeout=10) as answer:
            return json.load(answer)

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

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def payload(*keys):
    records = [{"cos": {"cosBucket": {"name": "b", "appid": "1", "region": "ap-x"},
                        "cosObject": {"key": "/1/b/" + key}},
                "event": {"eventName": "cos:ObjectCreated:Put"}} for key in keys]
    return json.dumps({"Records": records}, ensure_ascii=False).encode()


def request(body):
    return (b"POST / HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


class Load:
    """Posts numbered records over several connections, each with some posts on their way."""

    def __init__(self, port, posts, connections=8, together=16):
        self.port, self.together = port, together
        self.next, self.posts = 0, posts
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

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            answers = connection.makefile("rb")
            while numbers := self.take():
                connection.sendall(b"".join(request(payload(f"n{n}")) for n in numbers))
                for number in numbers:
                    status = int(answers.readline().split()[1])
                    length = 0
                    while (line := answers.readline()) not in (b"\r\n", b""):
                        name, _, value = line.partition(b":")
                        length = int(value) if name.lower() == b"content-length" else length
                    answers.read(length)
                    with self.lock:
                        self.answers[status] += 1
                        if status == 200:
                            self.acknowledged.add(f"/1/b/n{number}")

    def wait(self):
        for thread in self.threads:
            thread.join()
        self.took = time.monotonic() - self.begun


def arrived(server):
    """Returns how often each key has come, and the subjects that came."""
    counts, subjects = collections.Counter(), {}
    if os.path.exists(server.received):
        for line in text_of(server.received).split("\n"):
            key, tab, subject = line.partition("\t")
            if tab:
                counts[key] += 1
                subjects[key] = subject
    return counts, subjects


def check_modes(program, server, folder):
    """Every awkward key arrives in every mode. Returns how its subject reads in binary mode."""
    decoded = "as they are"
    for mode in ("binary", "structured", "batch"):
        if os.path.exists(server.received):
            os.remove(server.received)
        # The receiver has the file open: it is started again for each mode.
        server.stop(signal.SIGTERM)
        server.start()
        gateway = Gateway(program, folder, f"http://127.0.0.1:{server.port}/", {"mode": mode})
        # With more than fits into one request where bodies are limited.
        keys = AWKWARD + [f"{n}-" + 800 * "k" for n in range(60)]
        answer = STRICT.open(urllib.request.Request(
            f"http://127.0.0.1:{gateway.port}/", payload(*keys), {"Content-Type": "application/json"}),
            timeout=60)
        assert answer.status == 200
        gateway.stop()
        counts, subjects = arrived(server)
        wanted = {"/1/b/" + key for key in keys}
        assert set(counts) == wanted, (mode, wanted ^ set(counts))
        whole = [key for key in AWKWARD if subjects["/1/b/" + key] == key]
        if mode == "binary":
            decoded = "decoded" if AWKWARD[1] in whole else "percent-encoded"
        else:
            assert len(whole) == len(AWKWARD), (mode, set(AWKWARD) - set(whole))
    return decoded


def check_load(program, server, folder, posts):
    """Returns rate and depth of a run without disturbance, and duplicates of one with restarts."""
    gateway = Gateway(program, folder, f"http://127.0.0.1:{server.port}/", {})
    load = Load(gateway.port, posts)
    depth, used = 0, 0
    while any(thread.is_alive() for thread in load.threads):
        connections = gateway.connections()
        depth = max([depth, *(one.get("pipeline_depth", 0) for one in connections)])
        used = max(used, sum(1 for one in connections if one.get("state") == "ready"))
        time.sleep(0.1)
    load.wait()
    counts, _ = arrived(server)
    assert set(load.answers) == {200}, load.answers
    lost = load.acknowledged - set(counts)
    assert not lost, f"{len(lost)} events that were acknowledged are lost"
    rate = posts / load.took
    # A pause in which idle connections end, then the server goes away in the midst of events.
    time.sleep(1.5)
    before = sum(counts.values())
    again = Load(gateway.port, posts)
    ways = [signal.SIGTERM, signal.SIGKILL]
    for part, how in enumerate(ways, 1):
        until("posts are answered",
              lambda: sum(again.answers.values()) >= part * posts // (len(ways) + 1), 120)
        server.stop(how)
        server.start()
    again.wait()
    gateway.stop()
    total, _ = arrived(server)
    lost = again.acknowledged - set(total - counts)
    assert not lost, f"{len(lost)} events that were acknowledged are lost"
    assert set(again.answers) == {200}, again.answers
    twice = sum(total.values()) - before - posts
    return rate, depth, used, twice


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    tools = os.path.abspath(options.folder)
    os.makedirs(tools, exist_ok=True)
    rows, failed = [], []
    for kind in SERVERS:
        if options.only and kind.__name__.lower() not in options.only.lower().split(","):
            continue
        folder = tempfile.mkdtemp()
        server = kind(tools, folder)
        try:
            server.start()
            decoded = check_modes(program, server, folder)
            rate, depth, used, twice = check_load(program, server, folder, options.posts)
            rows.append(f"| {kind.name} | {decoded} | {rate:,.0f} | {used} x {depth} | {twice} |")
            print(rows[-1], flush=True)
        except Missing as why:
            print(f"skipped: {kind.name}: {why}", flush=True)
        except Exception as error:  # each server is told of
            failed.append(kind.name)
            print(f"FAILED: {kind.name}: {error!r}\n{text_of(os.path.join(folder, 'gateway.log'))[-1500:]}"
                  if os.path.exists(os.path.join(folder, "gateway.log")) else repr(error), flush=True)
        finally:
            server.stop(signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
    if rows:
        print("\n| server | subjects beyond ASCII in binary mode | posts a second | connections x depth "
              "| came twice through two restarts |\n|---|---|---|---|---|\n" + "\n".join(rows))
    if failed:
        print("failed: " + ", ".join(failed))
        return 1
    return 0 if rows else 77


if __name__ == "__main__":
    sys.exit(main())
