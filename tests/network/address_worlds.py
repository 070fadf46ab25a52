"""Worlds in which some of the eventbus' addresses do not work, each in its own way."""
import tempfile
import time

from parties import (DEAD, DEAD_V6, EVENTBUS_SIDE, PORT, Eventbus, FarEventbus, Gateway, in_time,
                     link, name, serve_in_time, shell)
from certificate import self_signed
from programs import need

OTHER = "10.9.0.3"


def several(program, *addresses, own=(), **eventbus):
    link()
    for address in own:
        shell(f"ip addr add {address}/32 dev lo")
    bus = Eventbus(EVENTBUS_SIDE, *own, **eventbus)
    serve_in_time(program, *addresses)
    return bus


def one_silent(program):
    several(program, DEAD[0], EVENTBUS_SIDE)


def ipv6_dead(program):
    several(program, DEAD_V6, EVENTBUS_SIDE)


def three_of_four_dead(program):
    several(program, *DEAD, EVENTBUS_SIDE)


def one_hangs(program):
    several(program, OTHER, EVENTBUS_SIDE, own=[OTHER], hangs=[OTHER])


def one_closes(program):
    """One address accepts connections and closes them at once, as a balancer without servers does: it is
    soon left alone."""
    bus = several(program, OTHER, EVENTBUS_SIDE, own=[OTHER], closes=[OTHER])
    print(f"  connections to the address that closes them: {bus.accepted[OTHER]}")
    assert bus.accepted[OTHER] < 20, bus.accepted


def one_refuses(program):
    """Nobody listens at one address: RST."""
    link()
    shell(f"ip addr add {OTHER}/32 dev lo")
    Eventbus(EVENTBUS_SIDE)
    serve_in_time(program, OTHER, EVENTBUS_SIDE)


def one_becomes_unreachable(program):
    """A router on the way says of one of two addresses that it is unreachable (ICMP): to the connections
    there are, and to the first ones of a gateway that is started then."""
    far = FarEventbus(EVENTBUS_SIDE)
    behind = "10.9.1.7"
    far.shell(f"ip addr add {behind}/32 dev lo", "sysctl -qw net.ipv4.ip_forward=1")
    far.serve(behind)
    shell(f"ip route add {behind}/32 via {EVENTBUS_SIDE}")
    name(behind, EVENTBUS_SIDE)
    gateway = Gateway(program, f"http://eventbus.test:{PORT}/in")
    results = gateway.load(2)
    far.shell(f"ip addr del {behind}/32 dev lo", f"ip route add unreachable {behind}/32")
    results += gateway.load(6)
    gateway.stop()
    gateway = Gateway(program, f"http://eventbus.test:{PORT}/in")
    results += gateway.load(6)
    print(gateway.log()[-700:])
    gateway.stop()
    in_time(results)
    # Kernels since 6.5 go on trying where a router says so, older ones fail with its words.
    assert "an address of the eventbus does not work" in gateway.log()


def one_has_a_wrong_certificate(program):
    """TLS fails with one of two: its certificate is for another host."""
    need("openssl")
    folder = tempfile.mkdtemp()
    files = {EVENTBUS_SIDE: self_signed(folder, "eventbus.test"),
             OTHER: self_signed(folder, "elsewhere.test")}
    link()
    shell(f"ip addr add {OTHER}/32 dev lo", f"cat {folder}/*.crt > {folder}/all")
    Eventbus(EVENTBUS_SIDE, OTHER, certificates=files)
    serve_in_time(program, OTHER, EVENTBUS_SIDE, scheme="https", tls={"ca": f"{folder}/all"})


def all_dead_until_one_is_back(program):
    """No address works, at first and again later; then one of them does."""
    link()
    name(*DEAD)
    gateway = Gateway(program, f"http://eventbus.test:{PORT}/in")
    for alive in DEAD[1:]:
        posts = gateway.begin_load(5, rate=2)
        time.sleep(6)
        shell(f"ip addr add {alive}/32 dev lo")
        Eventbus(alive)
        back = time.monotonic()
        results = posts.results()
        took = time.monotonic() - back
        print(f"  what waited was delivered {took:.1f} s after an address was back")
        assert all(status == 200 for status, _ in results), results
        assert took < 2, took
        in_time(gateway.load(3))
        shell(f"ip addr del {alive}/32 dev lo")
    print(gateway.log()[-700:])
    gateway.stop()


WORLDS = [one_silent, ipv6_dead, three_of_four_dead, one_hangs, one_closes, one_refuses,
          one_becomes_unreachable, one_has_a_wrong_certificate, all_dead_until_one_is_back]
