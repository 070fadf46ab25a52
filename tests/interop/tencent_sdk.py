"""What cos-gateway sends to the cloud, judged by the official SDK for Python.

A proxy in front of the scripted cloud records every call of several `cos-gateway provision`. The
SDK's own code must make the same signature of each, and the SDK's types must take each body without
a member left over or of another type.
"""
import hashlib
import http.client
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import typing
import unittest
import warnings

from tencentcloud.common.sign import Sign
from tencentcloud.scf.v20180416 import models

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from scripted_cloud import ScriptedCloud  # noqa: E402
from waiting import environment  # noqa: E402

KEYS = ("AKIDinterop", "interop-secret-key")
REGION = "ap-guangzhou"
BUCKET = f"pictures-1250000000.cos.{REGION}.myqcloud.com"
ACTIONS = {"GetFunction", "GetFunctionEventInvokeConfig", "ListTriggers", "ListFunctions",
           "CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration",
           "UpdateFunctionEventInvokeConfig", "DeleteFunction", "CreateTrigger", "DeleteTrigger",
           "UpdateTriggerStatus"}


class Recorder(http.server.BaseHTTPRequestHandler):
    """Passes each call on as it is and keeps it."""
    protocol_version = "HTTP/1.1"
    calls: typing.ClassVar[list] = []
    cloud_port = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append((dict(self.headers.items()), body))
        cloud = http.client.HTTPConnection("127.0.0.1", self.cloud_port, timeout=10)
        cloud.request("POST", self.path, body, dict(self.headers.items()))
        answer = cloud.getresponse()
        content = answer.read()
        cloud.close()
        self.send_response(answer.status)
        self.send_header("Date", answer.headers["Date"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Nothing: the calls are kept."""


def signature_by_sdk(headers, body):
    """The value of Authorization with a signature that the SDK's code makes of this call.

    The SDK's client covers Content-Type and Host only. Here the action is covered as well, which the
    API documents, so that the canonical request is made here and the SDK derives keys and signs.
    """
    date, service, names = re.search(
        r"Credential=[^/]+/([^/]+)/([^/]+)/tc3_request, SignedHeaders=([a-z;-]+),",
        headers["Authorization"]).groups()
    values = {name.lower(): value.strip().lower() for name, value in headers.items()}
    covered = "".join(f"{name}:{values[name]}\n" for name in names.split(";"))
    request = f"POST\n/\n\n{covered}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = "\n".join(["TC3-HMAC-SHA256", headers["X-TC-Timestamp"], f"{date}/{service}/tc3_request",
                      hashlib.sha256(request.encode()).hexdigest()])
    made = Sign.sign_tc3(KEYS[1], date, service, text)
    return (f"TC3-HMAC-SHA256 Credential={KEYS[0]}/{date}/{service}/tc3_request, "
            f"SignedHeaders={names}, Signature={made}")


def types_of(model):
    """The documented type of each member, which the SDK keeps in its properties' texts."""
    documented = {}
    for name, attribute in vars(type(model)).items():
        found = re.search(r":rtype: ([^\n]+)", getattr(attribute, "__doc__", None) or "")
        if isinstance(attribute, property) and found:
            documented[name] = found.group(1)
    return documented


PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float)}


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = ScriptedCloud(os.environ["SCRIPTED_CLOUD_PROGRAM"], *KEYS, "--updating-reads", "1")
        Recorder.cloud_port = cls.cloud.port
        cls.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        threading.Thread(target=cls.proxy.serve_forever, daemon=True).start()
        cls.run_lives()

    @classmethod
    def tearDownClass(cls):
        cls.proxy.shutdown()
        cls.proxy.server_close()
        cls.cloud.end()

    @classmethod
    def provision(cls, *overrides, command="provision"):
        settings = {"target": "bus.example.com", "eventbus": "orders",
                    "secret_id": KEYS[0], "secret_key": KEYS[1], "bucket.endpoint": BUCKET,
                    "function.region": REGION, "function.retries": "1",
                    "function.api": f"http://127.0.0.1:{cls.proxy.server_port}",
                    "gateway.public_url": "https://gw.example.com"}
        arguments = [f"--set={name}={value}" for name, value in settings.items()]
        arguments += [f"--set={override}" for override in overrides]
        done = subprocess.run([os.environ["COS_GATEWAY_PROGRAM"], command, *arguments],
                              env=environment(), capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    @classmethod
    def run_lives(cls):
        cls.provision()
        cls.provision("function.memory=256", "bucket.prefix=日志/a\"b/")
        cls.provision("gateway.public_url=", "event.attributes=[subject]")
        cls.provision("function.name=renamed", "bucket.events=['cos:ObjectCreated:*',"
                      "'cos:ObjectRemove:*']")
        for path in ("/x.zip", "/y.zip"):
            cls.provision("function.name=elsewhere", "function.code.bucket=code",
                          f"function.code.path={path}", "gateway.auth=none", "bucket.suffix=.zip",
                          "bucket.events=['cos:ObjectRestore:Post']")
        cls.provision("function.name=renamed", command="deprovision")

    def test_all_actions_but_one_are_tried(self):
        tried = {headers["X-TC-Action"] for headers, _ in Recorder.calls}
        # A trigger is only switched on where somebody switched it off.
        self.assertEqual(ACTIONS - tried, {"UpdateTriggerStatus"})

    def test_the_sdk_makes_the_same_signatures(self):
        for headers, body in Recorder.calls:
            self.assertEqual(signature_by_sdk(headers, body), headers["Authorization"])

    def test_the_types_of_the_sdk_take_every_body(self):
        for headers, body in Recorder.calls:
            action = headers["X-TC-Action"]
            with self.subTest(action=action), warnings.catch_warnings():
                warnings.simplefilter("error")  # what a member is told by that has no place
                request = getattr(models, action + "Request")()
                given = json.loads(body)
                request._deserialize(given)
                self.assertEqual(request._serialize(), given)
                self.check_types(request)

    def check_types(self, model):
        for name, documented in types_of(model).items():
            value = getattr(model, name, None)
            if value is None:
                continue
            if documented in PLAIN:
                self.assertIsInstance(value, PLAIN[documented], f"{type(model).__name__}.{name}")
            for part in value if isinstance(value, list) else [value]:
                if hasattr(part, "_serialize"):
                    self.check_types(part)

    def test_the_cloud_refused_no_signature(self):
        self.assertEqual(self.cloud.state()["refusedSignatures"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
