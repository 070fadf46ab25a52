#!/usr/bin/env python3
"""Events by way of proxies that others wrote: real_proxies.py PROGRAM FOLDER [NAME...]

For tinyproxy and squid, each where it can be had: events to an http and to an https eventbus, with
and without a password, by delivery.proxy and by the environment, past NO_PROXY, a wrong password, an
eventbus the proxy does not reach, and a proxy that is started again. Packages of Debian are unpacked
into FOLDER, which nothing else uses. Ends with 77, "skipped", where none can be had.
"""
import collections
import glob
import os
import shutil
import signal
import ssl
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from certificate import self_signed  # noqa: E402
from children import Children  # noqa: E402
from cos_payload import payload  # noqa: E402
from eventbus import Eventbus  # noqa: E402
from gateway_process import GatewayProcess  # noqa: E402
from loopback import ask  # noqa: E402
from programs import Missing, unpacked  # noqa: E402
from waiting import free_port, until  # noqa: E402

PATIENCE = 20
RECORDS = 5


ERROR_PAGES = """ERR_READ_TIMEOUT ERR_LIFETIME_EXP ERR_READ_ERROR ERR_WRITE_ERROR ERR_CONNECT_FAIL
ERR_SECURE_CONNECT_FAIL ERR_SOCKET_FAILURE ERR_DNS_FAIL ERR_URN_RESOLVE ERR_ONLY_IF_CACHED_MISS
ERR_TOO_BIG ERR_INVALID_RESP ERR_INVALID_REQ ERR_UNSUP_REQ ERR_UNSUP_HTTPVERSION ERR_INVALID_URL
ERR_PROTOCOL_UNKNOWN ERR_CANNOT_FORWARD ERR_NO_RELAY ERR_CACHE_ACCESS_DENIED ERR_ACCESS_DENIED
ERR_ZERO_SIZE_OBJECT ERR_FTP_DISABLED ERR_FTP_UNAVAILABLE ERR_FTP_FAILURE ERR_FTP_PUT_ERROR
ERR_FTP_NOT_FOUND ERR_FTP_FORBIDDEN ERR_FTP_PUT_CREATED ERR_FTP_PUT_MODIFIED ERR_GATEWAY_FAILURE
ERR_GOPHER ERR_CONFLICT_HOST ERR_ICAP_FAILURE ERR_ESI ERR_CACHE_MGR_ACCESS_DENIED ERR_DIR_LISTING
ERR_FORWARDING_DENIED ERR_SHUTTING_DOWN ERR_AGENT_CONFIGURE ERR_AGENT_WPAD ERR_PRECONDITION_FAILED
ERR_NO_RELAY ERR_RELAY_REMOTE error-details.txt ERR_REQUEST_START_TIMEOUT ERR_SQUID_SIGNATURE
ERR_REQUEST_PARSE_TIMEOUT MGR_INDEX ERR_CLIENT_GONE""".split()


class Receiver(Eventbus):
    """Takes events, with TLS if there are the files of a certificate, and remembers their ids."""

    def __init__(self, certificate=None):
        self.ids = collections.Counter()
        self.peers = set()
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
        super().__init__(context=context)

    def on_event(self, fields, _):
        self.ids[fields["ce-id"]] += 1
        self.peers.add(fields.get("Via", "") or fields.get("Proxy-Authorization", ""))


class Gateway(GatewayProcess):
    def __init__(self, program, folder, target, delivery, **variables):
        super().__init__(program, folder, {"target": target, "delivery": delivery},
                         listens_within=PATIENCE, ends_within=PATIENCE)
        self.start(**variables)

    def post(self, records=RECORDS):
        """Returns the status of the answer to a post of so many records."""
        return ask(self.port, "/", payload(*range(records)), timeout=40)[0]


class Proxy(Children):
    """A proxy on loopback; `user` is user:password, or empty."""

    def __init__(self, program, folder, user):
        super().__init__(folder)
        self.program, self.user = program, user
        self.port = free_port()
        self.start()

    def start(self):
        root = self.program.split("/usr/")[0] or "/"
        libraries = glob.glob(f"{root}/usr/lib/*-linux-gnu") + glob.glob(f"{root}/lib/*-linux-gnu")
        variables = {} if root == "/" else {"LD_LIBRARY_PATH": ":".join(libraries)}
        self.spawn(*self.command(root), **variables)
        self.until_listening(self.port, PATIENCE)

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def stop(self):
        super().stop(signal.SIGKILL)

    def url(self, user=None):
        user = self.user if user is None else user
        return f"http://{user + '@' if user else ''}127.0.0.1:{self.port}"


class Tinyproxy(Proxy):
    name, packages = "tinyproxy", ["tinyproxy-bin"]

    def command(self, _):
        auth = f"BasicAuth {self.user.replace(':', ' ')}\n" if self.user else ""
        config = self.file("tinyproxy.conf", f"""
Port {self.port}
Listen 127.0.0.1
Timeout 60
MaxClients 100
LogLevel Info
{auth}""")
        return [self.program, "-d", "-c", config]


class Squid(Proxy):
    name = "squid"
    packages = ["squid", "squid-common", "libecap3", "libltdl7", "libnetfilter-conntrack3",
                "libnfnetlink0", "libtdb1", "libdb5.3", "libmnl0"]

    def stop(self):
        super().stop()
        for left in glob.glob(f"/dev/shm/test{self.port}-*"):
            os.remove(left)

    def error_pages(self):
        """Squid wants them all, whatever they say."""
        pages = os.path.join(self.folder, "errors")
        os.makedirs(pages, exist_ok=True)
        for name in ERROR_PAGES:
            with open(os.path.join(pages, name), "w", encoding="utf-8") as page:
                page.write("refused\n")
        return pages

    def command(self, root):
        users = self.file("users", "\n".join([self.user]) + "\n")
        helper = self.file("helper.sh", f"""#!/bin/sh
while read -r user password; do
  if [ "$user:$password" = "$(cat {users})" ]; then echo OK; else echo ERR; fi
done
""")
        os.chmod(helper, 0o755)
        os.chmod(self.folder, 0o777)
        auth = f"""
auth_param basic program {helper}
auth_param basic children 2
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
""" if self.user else "http_access allow all\n"
        config = self.file("squid.conf", f"""
http_port 127.0.0.1:{self.port}
{auth}
cache deny all
cache_log {self.folder}/cache.log
access_log none
pid_filename none
coredump_dir {self.folder}
mime_table {self.file("mime.conf", "")}
unlinkd_program {os.path.join(root, "usr/lib/squid/unlinkd")}
pinger_enable off
icon_directory {os.path.join(root, "usr/share/squid/icons")}
error_directory {self.error_pages()}
cache_effective_user nobody
cache_effective_group nogroup
shutdown_lifetime 0 seconds
""")
        # A name of its own, as it names its shared memory.
        return [self.program, "-N", "-n", f"test{self.port}", "-f", config]


def check(program, folder, proxy_kind, proxy_program):
    def new_folder():
        return tempfile.mkdtemp(dir=folder)

    certificate = self_signed(new_folder(), "localhost")
    secure = {"tls": {"ca": certificate[0]}, "deadline": "4s"}

    for user in ("", "gateway:pa55word"):
        proxy = proxy_kind(proxy_program, new_folder(), user)
        plain_bus, secure_bus = Receiver(), Receiver(certificate)
        plain = f"http://127.0.0.1:{plain_bus.server_port}/in"
        tls = f"https://localhost:{secure_bus.server_port}/in"
        print(f"  {'with a password' if user else 'open'}", flush=True)
        for what, bus, target, delivery, environment in (
                ("http, delivery.proxy", plain_bus, plain, {"proxy": proxy.url()}, {}),
                ("https, delivery.proxy", secure_bus, tls, {**secure, "proxy": proxy.url()}, {}),
                ("http, HTTP_PROXY", plain_bus, plain, {}, {"HTTP_PROXY": proxy.url()}),
                ("https, https_proxy", secure_bus, tls, secure, {"https_proxy": proxy.url()}),
                ("https, past NO_PROXY", secure_bus, tls, secure,
                 {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "localhost"})):
            before = len(bus.ids)
            gateway = Gateway(program, new_folder(), target, delivery, **environment)
            answers = collections.Counter(gateway.post() for _ in range(20))
            gateway.stop()
            log = gateway.log()
            arrived = len(bus.ids) - before
            print(f"    {what}: posts {dict(answers)}, {arrived} events of {20 * RECORDS}", flush=True)
            assert answers == {200: 20} and arrived == 20 * RECORDS, log
            assert "pa55word" not in log
        assert not any("Basic" in peer for peer in plain_bus.peers | secure_bus.peers)

        # Started again while events come.
        gateway = Gateway(program, new_folder(), tls, {**secure, "proxy": proxy.url(),
                                                       "deadline": "15s"})
        assert gateway.post() == 200
        proxy.stop()
        waiting = threading.Thread(target=lambda: answers.update([gateway.post()]))
        answers = collections.Counter()
        waiting.start()
        until("the gateway knows that the proxy is away", lambda: "refused" in gateway.page("/status"), PATIENCE)
        proxy.start()
        waiting.join()
        print(f"    started again: {dict(answers)}", flush=True)
        assert answers == {200: 1}
        gateway.stop()

        # What the proxy refuses is said in so many words.
        refusals = [(f"https://localhost:{free_port()}/", proxy.url(), "does not reach")]
        if user:
            refusals += [(tls, proxy.url(""), "wants a user and password (407)"),
                         (tls, proxy.url("gateway:wr0ng"), "does not take the user and password")]
        for target, url, text in refusals:
            gateway = Gateway(program, new_folder(), target, {**secure, "proxy": url,
                                                              "deadline": "2s"})
            answer = gateway.post(1)
            until(f"/status says '{text}'", lambda: text in gateway.page("/status"), 5)
            gateway.stop()
            print(f"    refused: {answer}, '{text}'", flush=True)
            assert answer == 504 and "wr0ng" not in gateway.log()
        proxy.stop()
        plain_bus.stop()
        secure_bus.stop()


def main():
    program, folder, *wanted = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    ran = []
    for kind in (Tinyproxy, Squid):
        if wanted and kind.name not in wanted:
            continue
        try:
            proxy_program = unpacked(folder, kind.name, *kind.packages)
        except Missing as why:
            print(f"{kind.name}: {why}")
            continue
        print(f"{kind.name}: {proxy_program}", flush=True)
        work = tempfile.mkdtemp()
        os.chmod(work, 0o755)
        try:
            check(program, work, kind, proxy_program)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        ran.append(kind.name)
    if not ran:
        print("skipped: neither tinyproxy nor squid can be had")
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
