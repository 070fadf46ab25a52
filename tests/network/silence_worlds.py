"""Worlds in which the network swallows what is sent: all of it, that of some connections, or what is
large."""
import threading
import time

from parties import (EVENTBUS_SIDE, GATEWAY_SIDE, NOBODY, PORT, FarEventbus, Gateway,
                     connections_to, forget, in_time, name, shell, until)

TARGET = f"http://{EVENTBUS_SIDE}:{PORT}/in"
MEGABYTE = 1 << 20


def forgotten(program):
    """What is sent on the connections there are is dropped from now on; new ones work."""
    far = FarEventbus(EVENTBUS_SIDE)
    gateway = Gateway(program, TARGET)
    for _ in range(4):
        assert gateway.post()[0] == 200
    for _ in range(3):
        ports = connections_to(EVENTBUS_SIDE)
        assert ports
        forget(EVENTBUS_SIDE, far.near, ports)
        results = [gateway.post(), gateway.post()]
        print(f"  {len(ports)} connections forgotten, posts: {results}")
        in_time(results, within=3.0)
    gateway.stop()


def black_hole(program):
    """Nothing comes through for some seconds: the gateway knows soon, and is back soon."""
    FarEventbus(EVENTBUS_SIDE)
    gateway = Gateway(program, TARGET)
    for _ in range(4):
        assert gateway.post()[0] == 200
    shell(f"ip neigh replace {EVENTBUS_SIDE} lladdr {NOBODY} dev vg nud permanent")
    begun = time.monotonic()
    posts = [threading.Thread(target=gateway.post) for _ in range(4)]
    for post in posts:
        post.start()
    until("the gateway knows that the eventbus is away",
          lambda: gateway.status()["eventbus"]["up"] == 0, 10)
    print(f"  known after {time.monotonic() - begun:.1f} s")
    time.sleep(4)
    shell(f"ip neigh del {EVENTBUS_SIDE} dev vg")
    back = time.monotonic()
    for post in posts:
        post.join()
    took = time.monotonic() - back
    print(f"  what waited was delivered {took:.1f} s after the network was back")
    assert took < 2.5, took
    gateway.stop()


def half_written(program):
    """The connection is forgotten in the midst of a large event's body."""
    far = FarEventbus(EVENTBUS_SIDE, reads=2 * MEGABYTE)
    gateway = Gateway(program, TARGET, connections=1)
    large = gateway.begin_load(1, rate=1, size=4 * MEGABYTE)
    time.sleep(1)
    forget(EVENTBUS_SIDE, far.near, connections_to(EVENTBUS_SIDE))
    small = gateway.load(6)
    print(gateway.log()[-700:])
    gateway.stop()
    # A second until it is noticed, and two that the body takes.
    in_time(large.results(), within=5, share=1)
    in_time(small, within=4, share=1)


def slow_reader(program):
    """A large event is read so slowly that nothing can be sent for long: that is no silence, and the
    event is sent once."""
    far = FarEventbus(EVENTBUS_SIDE, reads=MEGABYTE // 2)
    gateway = Gateway(program, TARGET)
    results = gateway.load(1, rate=1, size=3 * MEGABYTE)
    gateway.stop()
    in_time(results, within=8, share=1)
    assert far.arrived() == 1, far.arrived()


def own_address_changes(program):
    """This machine gets another address (DHCP, VPN): what is sent on the connections there are cannot
    leave any more, and nobody says so."""
    far = FarEventbus(EVENTBUS_SIDE)
    gateway = Gateway(program, TARGET)
    results = gateway.load(2)
    shell(f"ip addr del {GATEWAY_SIDE}/24 dev {far.near}", f"ip addr add 10.9.0.7/24 dev {far.near}")
    results += gateway.load(6)
    print(gateway.log()[-700:])
    gateway.stop()
    in_time(results, share=1)


def large_packets_lost(program):
    """The path to one of two addresses drops large packets and says nothing."""
    other = "10.9.1.2"
    FarEventbus(EVENTBUS_SIDE)
    far = FarEventbus(other, number=2)
    # A veth drops what is larger than its peer takes; segments are not to be joined, as those pass.
    shell(f"ip link set {far.near} gso_max_segs 1")
    far.shell(f"ip link set {far.far} mtu 700",
              f"ip route replace 10.9.1.0/24 dev {far.far} advmss 1400")
    name(other, EVENTBUS_SIDE)
    gateway = Gateway(program, f"http://eventbus.test:{PORT}/in")
    small = gateway.load(3)
    print(f"  small events to both: {far.arrived()} of {len(small)} by the lossy path")
    assert far.arrived() > 0
    results = small + gateway.load(12, size=5000)
    print(gateway.log()[-1500:])
    gateway.stop()
    in_time(results)


WORLDS = [forgotten, black_hole, half_written, slow_reader, own_address_changes,
          large_packets_lost]
