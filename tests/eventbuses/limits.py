"""How much of the rate that a limiter allows comes through, and what becomes of offers within it:
run.py --limits.

The limiters are nginx and HAProxy in front of an nginx that answers 204 at once, so that nothing but the
limit bounds the rate, and windows of a second as quotas of API gateways count them, which limiter.py
plays. What was taken is counted by those who took it, from their logs, and not by the gateway."""
import asyncio
import collections
import os
import sys
import time

from servers import HERE, PATIENCE, Server, spawn_haproxy, spawn_nginx, text_of
from cos_payload import payload
from gateway import Gateway
from loopback import request
from waiting import free_port

GOAL = 0.85
# Within the limit nearly every post is answered within so long, and none is refused.
SOON, NEARLY_ALL = 5, 0.99
WITHIN = 0.8
# More events on their way than are taken in so many seconds: those that wait for Retry-After are no
# reason for the gateway to have nothing to send.
SUPPLY = 4


class Limited(Server):
    """A limiter of self.rate requests a second. self.counted is a log of `<time> <status>`."""
    rate = 200
    # So long the gateway may take to learn the rate, where more is offered.
    learns_within = 5
    burst = None
    retry_after = None
    unit = 1

    def __init__(self, tools, folder):
        super().__init__(tools, folder)
        self.counted = os.path.join(folder, "counted.log")

    def tally(self, begin, end):
        """Returns how often each status was answered between two times."""
        found = collections.Counter()
        for line in text_of(self.counted).split("\n"):
            when, _, status = line.partition(" ")
            if status.isdigit() and begin <= float(when) / self.unit < end:
                found[int(status)] += 1
        return found


class LimitReq(Limited):
    """nginx: `limit_req` and 429."""

    def run(self):
        behind = free_port()
        burst = "" if self.burst is None else f"burst={self.burst} nodelay"
        # An empty value is no header.
        wait = "" if self.retry_after is None else self.retry_after
        spawn_nginx(self, f"""
  log_format counted "$msec $status";
  map $status $wait {{ 429 "{wait}"; default ""; }}
  limit_req_zone $binary_remote_addr zone=all:1m rate={self.rate}r/s;
  upstream receiver {{ server 127.0.0.1:{behind}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{behind}; access_log off; keepalive_requests 1000000;
    return 204;
  }}
  server {{
    listen 127.0.0.1:{self.port}; access_log {self.counted} counted;
    limit_req zone=all {burst}; limit_req_status 429; limit_req_log_level info;
    add_header Retry-After $wait always;
    location / {{ proxy_pass http://receiver; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }}
  }}
""")


class RequestRate(Limited):
    """HAProxy: `http_req_rate` of a second, which counts what is refused as well, and 429."""
    unit = 1000
    # Each time that such a limit is met all that comes is refused, and the gateway waits for Retry-After.
    learns_within = 20

    def __init__(self, tools, folder):
        super().__init__(tools, folder)
        self.counted = self.log  # to which its standard output goes

    def run(self):
        behind = free_port()
        spawn_nginx(self, f"""
  server {{
    listen 127.0.0.1:{behind}; access_log off; keepalive_requests 1000000; return 204;
  }}
""")
        self.until_listening(behind, PATIENCE)
        wait = "" if self.retry_after is None else f"hdr Retry-After {self.retry_after}"
        spawn_haproxy(self, f"""
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend events
  log stdout format raw local0
  log-format "%[date(0,ms)] %ST"
  bind 127.0.0.1:{self.port}
  stick-table type ip size 1k expire 10s store http_req_rate(1s)
  http-request track-sc0 src
  http-request return status 429 {wait} if {{ sc_http_req_rate(0) gt {self.rate} }}
  default_backend receiver
backend receiver
  server nginx 127.0.0.1:{behind}
""")


class Window(Limited):
    """A quota of each second."""
    learns_within = 20

    def run(self):
        wait = () if self.retry_after is None else (str(self.retry_after),)
        self.spawn(sys.executable, "-B", os.path.join(HERE, "limiter.py"), str(self.port),
                   str(self.rate), self.counted, *wait)


def limited(kind, what, rate, burst, retry_after):
    """Returns a server for run.py."""
    said = "no Retry-After" if retry_after is None else f"Retry-After {retry_after}"
    name = f"{what}, {rate:,}/s, {said}"
    return type(kind.__name__, (kind,), {"name": name, "rate": rate, "burst": burst,
                                         "retry_after": retry_after})


KINDS = [(LimitReq, "nginx, limit_req burst=20 nodelay", 20),
         (LimitReq, "nginx, limit_req without burst", None),
         (RequestRate, "HAProxy, http_req_rate(1s)", None),
         (Window, "each second's quota", None)]
LIMITERS = [limited(kind, what, rate, burst, retry_after)
            for kind, what, burst in KINDS for rate in (200, 1000) for retry_after in (1, None)]
# Of the tests that run each time.
QUICK = [limited(LimitReq, "nginx, limit_req burst=20 nodelay", 1000, 20, 1)]


class Posts:
    """Posts over many connections for some seconds: with `rate` so many a second, whether they are
    answered or not; without, the next as soon as one is answered. Every answer is waited for."""

    def __init__(self, port, connections, records=1, rate=None):
        self.port, self.connections, self.rate = port, connections, rate
        self.post = request(payload(*(f"n{n}" for n in range(records))))
        self.answers = collections.Counter()
        self.took = []  # from when a post was due
        self.sent = 0

    def run(self, seconds):
        asyncio.run(self.converse_all(seconds))

    async def converse_all(self, seconds):
        # First all connections, as those who post by the second are not begun with in one moment.
        links = [await asyncio.open_connection("127.0.0.1", self.port) for _ in range(self.connections)]
        self.begun = time.monotonic()
        self.end = self.begun + seconds
        await asyncio.gather(*(self.converse(*link) for link in links))

    async def next_due(self):
        """Returns when the next post was to be sent, once it is time; nothing after the last."""
        due = time.monotonic()
        if self.rate is not None:
            due = self.begun + self.sent / self.rate
            self.sent += 1
        if due >= self.end:
            return None
        await asyncio.sleep(max(0, due - time.monotonic()))
        return due

    async def converse(self, answers, writer):
        while (due := await self.next_due()) is not None:
            writer.write(self.post)
            async with asyncio.timeout(PATIENCE):
                head = await answers.readuntil(b"\r\n\r\n")
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        await answers.readexactly(int(line.partition(b":")[2]))
            self.answers[int(head.split(b" ", 2)[1])] += 1
            self.took.append(time.monotonic() - due)
        writer.close()


def offer_more(program, server, folder, records, seconds):
    """Returns the share of the limit that comes through while more is offered, the share of requests
    that is refused meanwhile, and the answers to posts."""
    gateway = Gateway(program, folder, f"http://127.0.0.1:{server.port}/", {}, threads=0)
    posts = Posts(gateway.port, max(32, SUPPLY * server.rate // records), records)
    begun = time.time()
    posts.run(server.learns_within + seconds)
    gateway.stop()
    tally = server.tally(begun + server.learns_within, begun + server.learns_within + seconds)
    refused = tally[429] / max(1, tally.total())
    return tally[204] / seconds / server.rate, refused, posts.answers


def offer_less(program, server, folder, seconds):
    """Returns the answers to posts within the limit, how long each took, and the share of requests that
    was refused."""
    gateway = Gateway(program, folder, f"http://127.0.0.1:{server.port}/", {}, threads=0)
    rate = WITHIN * server.rate
    # If posts take longer than a second, they are late: that counts.
    posts = Posts(gateway.port, int(rate), rate=rate)
    begun = time.time()
    posts.run(seconds)
    gateway.stop()
    tally = server.tally(begun, time.time())
    return posts.answers, sorted(posts.took), tally[429] / max(1, tally.total())


def compare(program, server, folder, seconds, sizes=(1, 10)):
    """Returns a row of the table, and whether the goals are reached. `sizes`: of posts, in records."""
    cells, good = [], True
    for records in sizes:
        share, refused, answers = offer_more(program, server, folder, records, seconds)
        # There are more than the limit takes in time, but not so many that a post runs into its deadline.
        good = good and share >= GOAL and set(answers) == {200}
        cells.append(f"{100 * share:.0f} % ({100 * refused:.0f} % refused)")
        print(f"  {server.name}: posts of {records}: {cells[-1]}, answers {dict(answers)}", flush=True)
    answers, took, refused = offer_less(program, server, folder, seconds)
    soon = sum(1 for one in took if one <= SOON)
    good = good and set(answers) == {200} and soon >= NEARLY_ALL * len(took)
    others = answers.total() - answers[200]
    p99 = took[int(0.99 * len(took))]
    print(f"  {server.name}: within the limit: answers {dict(answers)}, {soon} within {SOON} s, "
          f"{100 * refused:.0f} % refused, p99 {p99:.2f} s, longest {took[-1]:.2f} s", flush=True)
    cells += [f"{others} of {answers.total():,}", f"{p99:.2f} s"]
    return f"| {server.name} | " + " | ".join(cells) + " |", good
