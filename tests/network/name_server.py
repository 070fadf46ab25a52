"""A name server as worlds need it: it answers what it is told to, fails, or keeps silent."""
import ipaddress
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
SERVFAIL = 2


class NameServer:
    """Listens on 127.0.0.1. `records` has addresses, or another name, by name."""

    def __init__(self):
        self.records = {}
        self.fails, self.silent = False, False
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            query, sender = self.socket.recvfrom(4096)
            self.asked += 1
            if not self.silent:
                self.socket.sendto(self._answer(query), sender)

    def _answer(self, query):
        """RFC 1035 section 4.1; the answer's names are those of the question and of CNAMEs."""
        labels, at = [], 12
        while query[at] != 0:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind, = struct.unpack_from(">H", query, at + 1)
        answers = [] if self.fails else self._records(".".join(labels), kind)
        flags = 0x8180 | (SERVFAIL if self.fails else 0)
        return (query[:2] + struct.pack(">HHHHH", flags, 1, len(answers), 0, 0)
                + query[12:at + 5] + b"".join(answers))

    def _records(self, name, kind):
        found = self.records.get(name, [])
        if isinstance(found, str):
            return [record(name, CNAME, encoded(found))] + self._records(found, kind)
        addresses = [ipaddress.ip_address(one) for one in found]
        return [record(name, kind, one.packed) for one in addresses
                if kind == (A if one.version == 4 else AAAA)]


def encoded(name):
    labels = [label.encode() for label in name.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(name, kind, data):
    seconds_to_live = 1
    return encoded(name) + struct.pack(">HHIH", kind, 1, seconds_to_live, len(data)) + data
