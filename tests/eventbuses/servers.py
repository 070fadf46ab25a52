"""The eventbuses of run.py: receivers on official CloudEvents SDKs and their usual servers, alone and
behind nginx and HAProxy."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from children import Children  # noqa: E402
from programs import Missing, need, unpacked  # noqa: E402
from waiting import free_port  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RECEIVERS = os.path.join(HERE, "receivers")
PATIENCE = 60


def install(mark, wanted, *command, cwd=None):
    """Runs a command that installs, unless it was run for the same text before."""
    if os.path.exists(mark) and open(mark, encoding="utf-8").read() == wanted:
        return
    done = subprocess.run(command, cwd=cwd, check=False, timeout=600, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{command[0]} fails: {(done.stderr or done.stdout).strip()[-200:]}")
    with open(mark, "w", encoding="utf-8") as file:
        file.write(wanted)


def text_of(*path):
    return open(os.path.join(*path), encoding="utf-8").read()


class Server(Children):
    """A receiver as a process, or several, on self.port. What it takes it writes into self.received."""

    def __init__(self, tools, folder):
        super().__init__(folder)
        self.tools, self.port = tools, free_port()
        self.received = os.path.join(folder, "received")

    def start(self):
        self.run()
        self.until_listening(self.port, PATIENCE)


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
        self.spawn(node, os.path.join(work, "receiver.js"), str(port or self.port), self.received)


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

    def serve(self, name, *words):
        self.spawn(self.program(name), *words, "--log-level", "error", RECEIVED=self.received,
                   PYTHONDONTWRITEBYTECODE="1")


class Uvicorn(Python):
    name = "uvicorn, SDK for Python"

    def run(self):
        self.serve("uvicorn", "receiver:asgi", "--port", str(self.port), "--app-dir",
                   os.path.join(RECEIVERS, "python"))


class Gunicorn(Python):
    name = "gunicorn --max-requests 500, SDK for Python"

    def run(self):
        self.serve("gunicorn", "receiver:wsgi", "--bind", f"127.0.0.1:{self.port}", "--worker-class",
                   "gthread", "--threads", "8", "--workers", "2", "--max-requests", "500", "--chdir",
                   os.path.join(RECEIVERS, "python"))


class OneAtATime(Python):
    name = "http.server of Python, one connection at a time"

    def run(self):
        self.spawn(self.program("python"), "-B", os.path.join(RECEIVERS, "python", "receiver.py"),
                   str(self.port), RECEIVED=self.received)


class Go(Server):
    name = "net/http, SDK for Go"
    work = "0s"

    def run(self, port=None):
        go = need("go")
        program = os.path.join(self.tools, "go-receiver")
        source = os.path.join(RECEIVERS, "go")
        install(program + ".installed", text_of(source, "go.sum") + text_of(source, "main.go"), go,
                "build", "-o", program, ".", cwd=source)
        self.spawn(program, str(port or self.port), self.received, WORK=self.work)


class SlowGo(Go):
    name = "net/http, SDK for Go, 50 ms of work a request"
    work = "50ms"


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
        self.spawn(need("java"), "-Xmx256m", "-cp", f"{work}/classes:{work}/lib/*", "Receiver",
                   str(self.port), self.received)


def spawn_nginx(server, http):
    """Starts nginx as a process of a server, with this in its section `http`."""
    folder = server.folder
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {http}
}}
""")
    server.spawn(unpacked(server.tools, "nginx", "nginx"), "-p", folder, "-c", config)


def spawn_haproxy(server, config):
    """Starts HAProxy as a process of a server, with this configuration."""
    path = os.path.join(server.folder, "haproxy.cfg")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    server.spawn(need("haproxy"), "-db", "-f", path)


class Nginx(Node):
    name = "nginx in front of Node.js, keepalive_requests 1000"
    extra = ""

    def run(self, port=None):
        behind = free_port()
        super().run(behind)
        self.until_listening(behind, PATIENCE)
        spawn_nginx(self, f"""
  access_log off;
  upstream receiver {{ server 127.0.0.1:{behind}; keepalive 32; }}
  limit_req_zone $binary_remote_addr zone=all:1m rate=1000r/s;
  server {{
    listen 127.0.0.1:{port or self.port}; {self.extra}
    location / {{ proxy_pass http://receiver; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }}
  }}
""")


class NginxLimited(Nginx):
    name = "nginx, limit_req 1000/s with 429, bodies up to 16 kB, idle connections for 1 s"
    extra = ("limit_req zone=all burst=20 nodelay; limit_req_status 429; client_max_body_size 16k; "
             "keepalive_timeout 1s;")


class Haproxy(Node):
    name = "HAProxy in front of Node.js, idle connections for 1 s"

    def run(self, port=None):
        behind = free_port()
        super().run(behind)
        self.until_listening(behind, PATIENCE)
        spawn_haproxy(self, f"""
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


class Far:
    """Mixed into a server: behind a wire of 25 ms in each direction."""

    def run(self):
        near = free_port()
        super().run(near)
        self.until_listening(near, PATIENCE)
        self.spawn(sys.executable, "-B", os.path.join(HERE, "wire.py"), str(self.port), str(near),
                   "0.025")


class FarGo(Far, Go):
    name = "net/http, SDK for Go, 50 ms away"


class FarNginx(Far, Nginx):
    name = "nginx in front of Node.js, keepalive_requests 1000, 50 ms away"


SERVERS = [Node, Uvicorn, Gunicorn, OneAtATime, Go, Java, Nginx, NginxLimited, Haproxy]
# A limited rate says nothing about connections.
IN_GRID = [Node, Uvicorn, Gunicorn, OneAtATime, Go, SlowGo, FarGo, Java, Nginx, FarNginx, Haproxy]
