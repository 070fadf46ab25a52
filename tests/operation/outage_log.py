"""How much is logged of a minute of outage.

    outage_log.py PROGRAM
"""
import pathlib
import socket
import sys
import threading
import time
import unittest

from gateway import OperationTest
from cos_payload import payload
from eventbus import Eventbus
from loopback import request
from waiting import free_port, until

OperationTest.program = sys.argv.pop(1)


class OutageLogTest(OperationTest):
    """A minute of outage, of every kind at once, each told by a gateway of its own."""
    RATE = 2000
    POSTERS = 8
    OUTAGE = 60  # seconds
    MOST_LINES = 30

    def setUp(self):
        super().setUp()
        self.stop = threading.Event()
        self.posters = []
        self.addCleanup(self.end_load)

    def post_for_ever(self, port, burst, pause):
        """Posts `burst` at a time on one connection, with a pause after each."""
        posts = request(payload("key")) * burst
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(10)
            while not self.stop.wait(pause):
                connection.sendall(posts)
                answers = 0
                while answers < burst:
                    answers += connection.recv(1 << 16).count(b"HTTP/1.1 ")

    def load(self, gateway, posters, burst, pause):
        for _ in range(posters):
            poster = threading.Thread(target=self.post_for_ever, args=(gateway.port, burst, pause))
            poster.start()
            self.posters.append(poster)

    def end_load(self):
        self.stop.set()
        for poster in self.posters:
            poster.join()

    def gateway_of(self, name, bus, *stores):
        folder = pathlib.Path(self.folder, name)
        folder.mkdir()
        self.folder, outer = str(folder), self.folder
        gateway = self.gateway(bus, {store: {"path": f"{folder}/{store}"} for store in stores})
        self.folder = outer
        return gateway

    def test_a_minute_of_outage_is_told_in_few_lines(self):
        buses = {name: Eventbus() for name in ("busy", "busy, not stored", "refuses", "refuses for good",
                                               "limits", "silent", "comes and goes")}
        stores = {"busy": ["spool"], "refuses for good": ["dead_letter"], "silent": ["spool"],
                  "comes and goes": ["spool"]}
        gateways = {name: self.gateway_of(name, bus.server_port, *stores.get(name, []))
                    for name, bus in buses.items()}
        gateways["gone"] = self.gateway_of("gone", free_port(), "spool")
        for name, gateway in gateways.items():
            if name == "busy":
                self.load(gateway, self.POSTERS, 50, 50 * self.POSTERS / self.RATE)
            else:
                self.load(gateway, 2, 2, 0.2)
        time.sleep(2)
        outage = {"busy": 503, "busy, not stored": 503, "refuses": 404, "refuses for good": 404,
                  "limits": 429, "silent": Eventbus.SILENT, "comes and goes": 503}
        for name, bus in buses.items():
            bus.status, bus.text = outage[name], "no"
        end = time.monotonic() + self.OUTAGE
        while time.monotonic() < end:
            time.sleep(3)
            bus = buses["comes and goes"]
            bus.status = 200 if bus.status == 503 else 503
        told = {name: [line for line in gateway.lines() if line["message"] != "listening"]
                for name, gateway in gateways.items()}
        for bus in buses.values():
            bus.status = 200
        self.end_load()
        for name, lines in told.items():
            with self.subTest(name):
                self.assertLess(len(lines), self.MOST_LINES, lines)
                self.assertGreater(len(lines), 0)
        for name in ("busy", "refuses", "limits"):
            self.assertTrue(any(str(outage[name]) in str(line) for line in told[name]), told[name])
        spooled = gateways["busy"].status()["counters"]["events_spooled"]
        self.assertGreater(spooled, self.RATE * self.OUTAGE / 4, "the load was not what it should be")
        silent = gateways["silent"]
        until("the end of the outage", lambda: "all is well again" in silent.log(), 90)


if __name__ == "__main__":
    unittest.main(verbosity=2)
