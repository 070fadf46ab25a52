"""What an operator sees of the program as built: commands, service manager, journal.

    operation.py PROGRAM
"""
import json
import os
import pathlib
import re
import resource
import socket
import subprocess
import sys
import threading
import unittest

from gateway import Gateway, OperationTest
from cos_payload import payload
from eventbus import Eventbus
from terminal import in_terminal
from waiting import environment, free_port, until

PROGRAM = OperationTest.program = sys.argv.pop(1)
EVENT = {"specversion": "1.0", "id": "one", "source": "/s", "type": "t", "subject": "file"}


def widest(text):
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return max(len(line) for line in re.split(r"[\r\n]+", plain))


class PostTest(OperationTest):
    def test_says_where_each_event_ended(self):
        gateway = self.gateway(Eventbus().server_port)
        for body, names in ((payload("a b", "日志"), ["a b", "日志"]), (json.dumps(EVENT), ["one  file"]),
                            (json.dumps([EVENT, {**EVENT, "id": "two"}]), ["one  file", "two  file"])):
            done = gateway.command("post", "-", text=body)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.splitlines()
            for line, name in zip(lines, names, strict=False):
                self.assertRegex(line, rf"delivered 200 +{name}$")
            self.assertEqual(lines[-1], f'200 {{"records":{len(names)}}}')

    def test_signs_what_it_posts(self):
        token = {"gateway": {"auth": "hmac", "token": "a-token-of-sixteen-letters"}}
        gateway = self.gateway(Eventbus().server_port, token)
        for body in (payload("a"), json.dumps(EVENT)):
            done = gateway.command("post", "-", text=body)
            self.assertEqual(done.returncode, 0, done.stdout)
        done = gateway.command("post", "-", "--set", "gateway.token=another-token-of-someone",
                               text=payload("a"))
        self.assertEqual(done.returncode, 77)
        self.assertRegex(done.stdout, "not accepted +a\n401 ")

    def test_names_what_failed_and_what_was_refused(self):
        gateway = self.gateway(Eventbus(404, "no such bus").server_port)
        done = gateway.command("post", "-", text=payload("a"))
        self.assertEqual(done.returncode, 69)
        self.assertRegex(done.stdout, "failed 404 +a  no such bus\n502 ")
        done = gateway.command("post", "-", text='{"Records":[1]}')
        self.assertEqual(done.returncode, 64)
        self.assertRegex(done.stdout, "^400 ")
        path = pathlib.Path(self.folder, "none")
        self.assertEqual(gateway.command("post", str(path)).returncode, 64)

    def test_says_that_there_is_no_gateway(self):
        gateway = Gateway(PROGRAM, self.folder, free_port())
        gateway.stop()
        done = gateway.command("post", "-", text=payload("a"))
        self.assertEqual(done.returncode, 69)
        self.assertIn("no answer from", done.stderr)

    def test_says_that_an_event_went_to_the_spool(self):
        gateway = self.gateway(free_port(), {"spool": {"path": f"{self.folder}/spool"}})
        done = gateway.command("post", "-", text=payload("a"))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, "spooled +a\n200 ")


class FiguresTest(OperationTest):
    def test_top_fits_any_terminal(self):
        gateway = self.gateway(Eventbus(404, "no such bus " + "x" * 100).server_port)
        gateway.command("post", "-", text=payload("key " * 40))
        until("the problem", lambda: "404" in gateway.command("health").stdout)
        for columns in (60, 80, 140):
            text, code = in_terminal(columns, [PROGRAM, "top", "--config", gateway.config], 2.5)
            self.assertLessEqual(widest(text), columns)
            self.assertEqual(code, 0, text)
            self.assertIn("failing", text)
            self.assertIn("given up", text)

    def test_top_gives_a_pipe_one_look(self):
        gateway = self.gateway(Eventbus().server_port)
        gateway.command("post", "-", text=payload("a"))
        done = gateway.command("top", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^ok  cos-gateway")
        self.assertRegex(done.stdout, r"(?m)^  delivered +0.0 +1$")
        self.assertNotIn("\x1b", done.stdout)
        gateway.stop()
        self.assertEqual(gateway.command("top", "--once").returncode, 69)

    def test_a_full_device_ends_each_with_74(self):
        gateway = self.gateway(Eventbus().server_port)
        for words in (["top"], ["top", "--once"], ["tap"], ["check", "--json"], ["health"]):
            poster = threading.Timer(1, gateway.command, ["post", "-"], {"text": payload("a")})
            poster.start()
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, words[0], "--config", gateway.config, *words[1:]],
                                      stdout=full, stderr=subprocess.PIPE, timeout=20, text=True,
                                      env=environment())
            poster.join()
            self.assertEqual(done.returncode, 74, words)
            self.assertIn("could not be written", done.stderr)

    def test_tap_fits_any_terminal(self):
        gateway = self.gateway(Eventbus().server_port)
        for columns in (60, 80, 140):
            poster = threading.Timer(1, gateway.command, ["post", "-"],
                                     {"text": payload("日志/" + "key/" * 40)})
            poster.start()
            text, _ = in_terminal(columns, [PROGRAM, "tap", "--config", gateway.config], 3)
            poster.join()
            self.assertIn("日志/key/", text)
            self.assertLessEqual(widest(text.replace("日志", "wide")), columns)

    def test_health_names_the_problem(self):
        gateway = self.gateway(Eventbus(404, "no such bus").server_port)
        self.assertEqual(gateway.command("health").stdout.count("\n"), 1)
        gateway.command("post", "-", text=payload("a"))
        until("the problem", lambda: "answers 404 'no such bus'" in gateway.command("health").stdout)
        self.assertEqual(gateway.command("health").returncode, 0)

    def test_another_server_at_the_admin_port_is_no_gateway(self):
        other = Eventbus()
        self.addCleanup(other.stop)
        for body in ("", "<html>", "null", "[]", "{}", '{"buckets":5}', '{"buckets":[5]}',
                     '{"buckets":[{}]}', '{"buckets":[{"events":[]}]}'):
            other.text = body
            done = subprocess.run([PROGRAM, "health", "--buckets", "--admin",
                                   f"127.0.0.1:{other.server_port}"], env=environment(),
                                  capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 0, body)
            self.assertIn("/status", done.stdout, body)

    def test_the_last_line_names_the_problem(self):
        gateway = self.gateway(Eventbus(404, "no such bus").server_port)
        gateway.command("post", "-", text=payload("a"))
        until("the problem", lambda: "404" in gateway.command("health").stdout)
        self.assertEqual(gateway.stop(), 0)
        last = gateway.lines()[-1]
        self.assertEqual(last["message"], "stopped")
        self.assertIn("answers 404 'no such bus'", last["problem"])


class AdminPortTest(OperationTest):
    def ask(self, gateway, request):
        with socket.create_connection(("127.0.0.1", gateway.admin), 10) as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(1 << 16):
                answer += part
        return answer.decode()

    def test_who_took_it_for_another_is_told_so(self):
        gateway = self.gateway(Eventbus().server_port)
        length = 3 << 20
        post = b"POST / HTTP/1.1\r\nHost: a\r\n"
        for request in (post + b"Content-Length: %d\r\n\r\n" % length + b"x" * length,
                        post + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"):
            answer = self.ask(gateway, request)
            self.assertRegex(answer, "^HTTP/1.1 405 ")
            self.assertIn("gateway.listen", answer)
        for request, status in ((b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 200),
                                (b"GET /healthz\r\n\r\n", 400), (b"\x16\x03\x01\x02 TLS\r\n\r\n", 400),
                                (b"GET / HTTP/1.1\r\nCookie: " + b"c" * 9000 + b"\r\n\r\n", 431)):
            self.assertRegex(self.ask(gateway, request), f"^HTTP/1.1 {status} ")
        whole = b"GET http://a:9464/healthz?x=/y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        self.assertRegex(self.ask(gateway, whole), "^HTTP/1.1 200 ")

    def test_status_is_json_whatever_the_eventbus_says(self):
        bus = Eventbus(400)
        gateway = self.gateway(bus.server_port)
        for said in (b"d\xe9j\xe0 vu \xff", b"n" * 119 + "日".encode(), b"a\0b\x1b[31m\x9b", b"\x80" * 9):
            bus.text = said
            self.assertEqual(gateway.command("post", "-", text=payload("a")).returncode, 69)
            self.assertEqual(gateway.command("top", "--once").returncode, 0)
            until("the problem", lambda: "answers 400" in gateway.command("health").stdout)


class StreamsTest(OperationTest):
    """Standard streams that are closed, or take nothing."""
    STORES = ("spool", "dead_letter")

    def run_with(self, redirections, *words):
        return subprocess.run(["sh", "-c", f'exec "$0" "$@" {redirections}', PROGRAM, *words],
                              env=environment(), timeout=20, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode

    def test_an_error_that_cannot_be_told_is_the_same_error(self):
        config = pathlib.Path(self.folder, "config.yml")
        config.write_text("target: [\n")
        for redirections in ("2> /dev/full", "2>&-", "> /dev/full 2>&1", "<&- >&- 2>&-"):
            self.assertEqual(self.run_with(redirections, "no-such-command"), 64)
            self.assertEqual(self.run_with(redirections, "run", "--config", str(config)), 78)
            self.assertEqual(self.run_with(redirections, "explain", "/no/such/file"), 64)
        for redirections in ("> /dev/full 2>&1", ">&- 2>&-"):
            self.assertEqual(self.run_with(redirections, "version"), 74)

    def test_what_is_logged_ends_in_no_file_or_connection(self):
        stores = {store: {"path": f"{self.folder}/{store}"} for store in self.STORES}
        # A warning of the configuration is written before anything else.
        gateway = self.gateway(Eventbus(404).server_port, {**stores, "gateway": {"auth": "auto"}})
        self.assertEqual(gateway.stop(), 0)
        for redirections in ("2>&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2> /dev/full"):
            process = subprocess.Popen(
                ["sh", "-c", f'exec "$0" "$@" {redirections}', PROGRAM, "run", "--config",
                 gateway.config], env=environment())
            try:
                until("ready", lambda: gateway.command("health", "--ready").returncode == 0)
                self.assertEqual(gateway.command("post", "-", text=payload("a")).returncode, 0)
                for number, sign in enumerate(("<&-", ">&-", "2>&-")):
                    if sign in redirections.split():
                        self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{number}"), "/")
            finally:
                process.terminate()
                self.assertEqual(process.wait(20), 0, redirections)
        for store in self.STORES:
            lock = pathlib.Path(self.folder, f"{store}.lock")
            self.assertNotIn(b"message", lock.read_bytes())

    def test_a_file_that_may_not_grow_is_a_full_device(self):
        settings = {"spool": {"path": f"{self.folder}/spool"}}
        gateway = self.gateway(free_port(), settings)
        self.assertEqual(gateway.stop(), 0)
        limit = 64 << 10  # less than the beginning of a segment
        process = subprocess.Popen([PROGRAM, "run", "--config", gateway.config], env=environment(),
                                   stderr=subprocess.DEVNULL, preexec_fn=lambda: resource.setrlimit(
                                       resource.RLIMIT_FSIZE, (limit, limit)))
        try:
            until("alive", lambda: gateway.command("health").returncode == 0)
            self.assertIn("503 ", gateway.command("post", "-", text=payload("a")).stdout)
            spool = gateway.status()["spool"]
            self.assertEqual(spool["state"], "full")
            self.assertIn("File too large", spool["error"])
        finally:
            process.terminate()
            self.assertEqual(process.wait(20), 0)


class JsonTest(OperationTest):
    def test_check_is_one_object(self):
        gateway = self.gateway(Eventbus().server_port)
        done = gateway.command("check", "--json")
        self.assertEqual(done.returncode, 0)
        checked = json.loads(done.stdout)
        self.assertTrue(checked["ok"])
        self.assertEqual(checked["configuration"]["eventbus"], "orders")
        self.assertEqual(checked["configuration"]["gateway"]["threads"], 2)
        self.assertIs(checked["configuration"]["function"]["provision"], False)
        done = gateway.command("check", "--json", "--set", "delivery.pipline=1")
        self.assertEqual(done.returncode, 78)
        self.assertEqual(done.stderr, "")
        checked = json.loads(done.stdout)
        self.assertFalse(checked["ok"])
        self.assertIn("pipeline", checked["problems"][0]["message"])

    def test_replay_lists_and_counts(self):
        settings = {"dead_letter": {"path": f"{self.folder}/dead"}}
        bus = Eventbus(404, "no such bus")
        gateway = self.gateway(bus.server_port, settings)
        self.assertIn("dead_lettered", gateway.command("post", "-", text=payload("a", "b")).stdout)
        gateway.stop()
        done = gateway.command("replay", "--dead-letters", "--dry-run", "--json")
        self.assertEqual([json.loads(line)["specversion"] for line in done.stdout.splitlines()],
                         ["1.0", "1.0"])
        bus.status = 200
        done = gateway.command("replay", "--dead-letters", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["delivered"], 2)


class ServiceTest(OperationTest):
    def test_the_manager_is_told(self):
        address = f"{self.folder}/notify"
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(address)
        manager.settimeout(10)
        gateway = self.gateway(Eventbus(404, "no such bus").server_port, None,
                               NOTIFY_SOCKET=address, WATCHDOG_USEC="30000000")
        told = []

        def hears(message):
            while message not in told:
                told.append(manager.recv(4096).decode())

        hears("READY=1")
        hears("WATCHDOG=1")
        hears("STATUS=ok")
        gateway.command("post", "-", text=payload("a"))
        until("the problem", lambda: "404" in gateway.command("health").stdout)
        while not any(it.startswith("STATUS=the eventbus") for it in told):
            told.append(manager.recv(4096).decode())
        gateway.process.terminate()
        hears("STOPPING=1")

    def test_lines_for_the_journal_have_their_priority(self):
        with open(f"{self.folder}/journal", "w") as journal:
            stat = os.fstat(journal.fileno())
            config = pathlib.Path(self.folder, "config.yml")
            config.write_text("target: [\n")
            done = subprocess.run([PROGRAM, "run", "--config", config], stderr=journal,
                                  env=environment(JOURNAL_STREAM=f"{stat.st_dev}:{stat.st_ino}"))
        self.assertEqual(done.returncode, 78)
        for line in pathlib.Path(self.folder, "journal").read_text().splitlines():
            self.assertRegex(line, "^<3>error: ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
