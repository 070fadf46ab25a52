"""Three gateways of one list of buckets, under load, while the list changes and targets come and go.

    replicas.py PROGRAM SCRIPTED_CLOUD

Each object that is put tells the function that has its bucket's rule at that time, and that posts to
any of the gateways with its own key, again until it is told 200, as the platform and a balancer do.
"""
import collections
import hashlib
import hmac
import itertools
import json
import pathlib
import random
import socket
import sys
import tempfile
import threading
import time
import unittest

from gateway import GatewayProcess
from cos_payload import record, text_of
from eventbus import Eventbus
from loopback import JSON, NO_ANSWER, ask
from scripted_cloud import ScriptedCloud
from waiting import until

PROGRAM, CLOUD = sys.argv[1:3]
del sys.argv[1:3]
REGIONS = ("ap-beijing", "ap-guangzhou", "eu-frankfurt")
SECRET = {"secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "secret_key": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"}
POSTERS = 6
PAUSE = 0.01  # of a poster, between two posts
PATIENCE = 40  # seconds, for the answer to a post and for everything to arrive


class Target(Eventbus):
    """An eventbus that can die and come back on its port, and knows what it was told."""

    def __init__(self, port, told):
        self.told = told
        self.open = set()
        super().__init__(port=port)

    def get_request(self):
        connection, peer = super().get_request()
        self.open.add(connection)
        return connection, peer

    def on_event(self, _, body):
        self.told[json.loads(body)["cos"]["cosObject"]["key"]] += 1

    def die(self):
        self.stop()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself


class Cloud(ScriptedCloud):
    """The scripted cloud, and what it says now: who has which bucket's rule, with which key."""

    def __init__(self):
        super().__init__(CLOUD, *SECRET.values(), "--creating-reads", "1")
        self.look()

    def look(self):
        keys = {}
        for function in self.state()["functions"]:
            variables = {one["Key"]: one["Value"] for one in function["Environment"]["Variables"]}
            for trigger in function["Triggers"]:
                keys[trigger["TriggerName"]] = variables["GATEWAY_TOKEN"]
        self.keys = keys


class Replica(GatewayProcess):
    def __init__(self, folder, number):
        folder = pathlib.Path(folder, str(number))
        folder.mkdir()
        super().__init__(PROGRAM, folder, {
            **SECRET, "function": {"provision": True}, "spool": {"path": str(folder / "spool")},
            "gateway": {"public_url": "http://gateways.example:8080", "auth": "auto", "grace": "5s"}})
        self.ends = []  # what each process said of its events when it stopped

    def start(self, settings):
        super().start(settings)
        until("its start", lambda: ask(self.admin, "/readyz")[0] == 200)

    def stop(self):
        if self.process is not None:
            super().stop()
            self.process = None
            self.ends.append(self.lines()[-1])


def host_of(bucket):
    return f"bucket{bucket}-1250000000.cos.{REGIONS[bucket % len(REGIONS)]}.myqcloud.com"


class ReplicasTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cos-gateway-replicas-")
        self.addCleanup(folder.cleanup)
        self.cloud = Cloud()
        self.addCleanup(self.cloud.end)
        self.told = [collections.Counter(), collections.Counter()]
        self.targets = [Target(0, told) for told in self.told]
        self.ports = [target.server_port for target in self.targets]
        self.replicas = [Replica(folder.name, number) for number in range(3)]
        self.buckets = []
        self.acknowledged = set()
        self.problems = []
        self.refusals = collections.Counter()
        self.numbers = itertools.count()
        self.ended = threading.Event()
        self.threads = []
        self.addCleanup(self.end)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        for replica in self.replicas:
            replica.stop()
        for target in self.targets:
            target.die()

    def settings(self, buckets, apart=()):
        """The configuration; those `apart` need a function with more memory."""
        entries = []
        for bucket in buckets:
            entry = {"endpoint": host_of(bucket)}
            if bucket % 2:
                entry["target"] = f"http://127.0.0.1:{self.ports[1]}/"
            if bucket in apart:
                entry["function"] = {"memory": 256}
            entries.append(entry)
        return {"target": f"http://127.0.0.1:{self.ports[0]}", "eventbus": "orders", "buckets": entries,
                "function": {"name": "relay", "on_stop": "keep",
                             "api": f"http://127.0.0.1:{self.cloud.port}"},
                "delivery": {"deadline": "2s", "timeout": "1s"}, "event": {"id": "stable"}}

    def post_for_ever(self, seed):
        choice = random.Random(seed)
        while not self.ended.wait(PAUSE):
            bucket = choice.choice(self.buckets)
            token = self.cloud.keys.get(host_of(bucket))
            if token is None:
                continue  # nobody is told of its objects
            key = f"/1250000000/bucket{bucket}/{next(self.numbers)}"
            try:
                self.put(self.replicas, bucket, key, token)
                self.acknowledged.add((bucket, key))
            except AssertionError as problem:
                self.problems.append(f"{key}: {problem}")

    def put(self, replicas, bucket, key, token):
        told = record(key)
        told["cos"]["cosBucket"]["region"] = REGIONS[bucket % 3]
        told["cos"]["cosObject"]["meta"] = {"x-cos-request-id": key}
        body = text_of(told)
        deadline = time.monotonic() + PATIENCE
        answer = None
        while time.monotonic() < deadline:
            moment = int(time.time())
            mac = hmac.new(token.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
            replica = random.choice(replicas)
            fields = {**JSON, "X-Cos-Signature": f"t={moment},v1={mac}",
                      "X-Cos-Bucket": f"bucket{bucket}-1250000000"}
            try:
                answer, _ = ask(replica.port, "/", body, fields, timeout=20)
            except NO_ANSWER as error:
                answer = type(error).__name__  # it is being restarted
            if answer == 200:
                return
            self.refusals[answer] += 1
            time.sleep(0.1)
        raise AssertionError(f"not acknowledged: {answer}")

    def look_for_ever(self):
        while not self.ended.wait(0.5):
            self.cloud.look()

    def spawn(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments)
        thread.start()
        self.threads.append(thread)

    def change_to(self, settings):
        """A rolling restart. Objects go on being put into the buckets of both lists."""
        for replica in self.replicas:
            replica.stop()
            replica.start(settings)
        until("provisioning", lambda: all(replica.status()["provisioning"]["state"] == "ready"
                                          for replica in self.replicas), 60)

    def rules(self):
        return {rule["bucket"] for rule in self.cloud.state()["rules"]}

    def test_a_replica_with_the_former_list_takes_posts_of_a_new_function(self):
        first = list(range(6))
        for replica in self.replicas[:2]:
            replica.start(self.settings(first))
        until("the rules", lambda: self.rules() == {host_of(bucket) for bucket in first}, 60)
        self.cloud.look()
        former = self.cloud.keys[host_of(3)]
        self.replicas[0].stop()
        self.replicas[0].start(self.settings(first, apart=(3,)))

        def has_moved():
            self.cloud.look()
            return self.cloud.keys.get(host_of(3), former) != former

        until("the other function", has_moved, 60)
        begun = time.monotonic()
        self.put(self.replicas[1:2], 3, "/1250000000/bucket3/one", self.cloud.keys[host_of(3)])
        # The platform tries a failed invocation again a minute later.
        self.assertLess(time.monotonic() - begun, 10)

    def test_every_record_is_accounted_for_once(self):
        first = list(range(20))
        self.change_to(self.settings(first))
        self.assertEqual(self.rules(), {host_of(bucket) for bucket in first})
        self.cloud.look()
        self.buckets = first
        for seed in range(POSTERS):
            self.spawn(self.post_for_ever, seed)
        self.spawn(self.look_for_ever)
        time.sleep(2)

        # Two are added, two move to another function, and one target is away meanwhile.
        self.targets[1].die()
        second = [*first, 20, 21]
        self.change_to(self.settings(second, apart=(3, 4)))
        self.buckets = second
        self.assertEqual(self.rules(), {host_of(bucket) for bucket in second})
        self.targets[1] = Target(self.ports[1], self.told[1])
        time.sleep(2)

        # One is removed, and with their last buckets a whole region; the other target is away.
        self.targets[0].die()
        third = [bucket for bucket in second if bucket != 5 and bucket % 3 != 2]
        self.change_to(self.settings(third, apart=(3, 4)))
        self.buckets = third
        until("the removal", lambda: self.rules() == {host_of(bucket) for bucket in third})
        self.targets[0] = Target(self.ports[0], self.told[0])
        self.cloud.look()
        time.sleep(2)

        self.ended.set()
        for thread in self.threads:
            thread.join()
        until("the end of the spools", lambda: all(
            replica.status()["spool"]["events"] == 0 and replica.status()["in_flight"]["events"] == 0
            for replica in self.replicas), PATIENCE)
        for replica in self.replicas:
            replica.stop()
        self.judge()

    def judge(self):
        self.assertEqual(self.problems, [])
        arrived = self.told[0] + self.told[1]
        for bucket, key in self.acknowledged:
            # A bucket's last records may come when no entry names it any more.
            told = self.told[bucket % 2] if bucket in self.buckets else arrived
            self.assertGreater(told[key], 0, f"{key} is lost")
        keys = {key for _, key in self.acknowledged}
        self.assertEqual(set(arrived) - keys, set())
        ends = [end for replica in self.replicas for end in replica.ends]
        for end in ends:
            self.assertEqual(end["received"], end["delivered"] + end["spooled"] + end["failed"], end)
        sums = {name: sum(end[name] for end in ends)
                for name in ("received", "delivered", "spooled", "failed")}
        # What was not given up was acknowledged; a post was acknowledged once.
        self.assertEqual(sums["delivered"] + sums["spooled"], len(keys), sums)
        print(f"{len(keys)} records, {sum(arrived.values()) - len(arrived)} came twice, {sums}; posts "
              f"tried again after {dict(self.refusals)}", file=sys.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
