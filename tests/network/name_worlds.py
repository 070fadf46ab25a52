"""Worlds in which what the eventbus' name stands for changes, or cannot be learned."""
from name_server import NameServer
from parties import (EVENTBUS_SIDE, NOBODY, PATIENCE, PORT, Eventbus, FarEventbus, Gateway, in_time,
                     link, name, shell, until)

OTHER = "10.9.0.3"
TARGET = f"http://eventbus.test:{PORT}/in"


def new_replicas(program):
    """A name gets another address: within delivery.max_age it has its share, and no post fails."""
    link()
    shell(f"ip addr add {OTHER}/32 dev lo")
    bus = Eventbus(EVENTBUS_SIDE, OTHER)
    name(EVENTBUS_SIDE)
    gateway = Gateway(program, TARGET, max_age="2s")
    first = gateway.load(2)
    name(EVENTBUS_SIDE, OTHER)
    during = gateway.load(5)
    before = dict(bus.arrived)
    after = gateway.load(4, rate=25)
    share = bus.arrived[OTHER] - before[OTHER]
    print(f"  the new address got {share} of 100 events")
    gateway.stop()
    in_time(first + during + after, share=1)
    assert share >= 25, share


def aaaa_only(program):
    """The name has an IPv6 address and no other."""
    link()
    shell("ip -6 addr add fd09::2/128 dev lo nodad")
    Eventbus("fd09::2")
    NameServer().records["eventbus.test"] = ["fd09::2"]
    gateway = Gateway(program, TARGET)
    results = gateway.load(5)
    gateway.stop()
    in_time(results, share=1)


def resolver_fails(program):
    """The name server says that it has failed, then nothing at all: addresses are used on, also for new
    connections, and the log has the resolver's words."""
    link()
    bus = Eventbus(EVENTBUS_SIDE)
    server = NameServer()
    server.records["eventbus.test"] = [EVENTBUS_SIDE]
    gateway = Gateway(program, TARGET, max_age="2s")
    results = gateway.load(2)
    for failure in ("fails", "silent"):
        setattr(server, failure, True)
        asked = server.asked
        results += gateway.load(6)
        assert server.asked > asked, "the name is not looked up any more"
        setattr(server, failure, False)
        results += gateway.load(4)
    print(gateway.log()[-1500:])
    in_time(results, share=1)
    assert bus.arrived[EVENTBUS_SIDE] == len(results), bus.arrived
    assert "Temporary failure in name resolution" in gateway.log()
    until("the log says that it works again", lambda: "is found again" in gateway.log(), PATIENCE)
    gateway.stop()


def all_addresses_change(program):
    """The name moves to another host, and the former is gone in the same moment without a word."""
    FarEventbus(EVENTBUS_SIDE)
    other = FarEventbus("10.9.1.2", number=2)
    server = NameServer()
    server.records["eventbus.test"] = [EVENTBUS_SIDE]
    gateway = Gateway(program, TARGET)
    results = gateway.load(3)
    server.records["eventbus.test"] = ["10.9.1.2"]
    shell(f"ip neigh replace {EVENTBUS_SIDE} lladdr {NOBODY} dev vg nud permanent")
    results += gateway.load(6)
    print(gateway.log()[-700:])
    gateway.stop()
    in_time(results, share=1)
    assert other.arrived() > 0


def cname_changes(program):
    """The name is another name for a name that changes: within delivery.max_age events are elsewhere,
    without one that has waited."""
    link()
    shell(f"ip addr add {OTHER}/32 dev lo")
    bus = Eventbus(EVENTBUS_SIDE, OTHER)
    server = NameServer()
    server.records.update({"eventbus.test": "blue.test", "blue.test": [EVENTBUS_SIDE],
                           "green.test": [OTHER]})
    gateway = Gateway(program, TARGET, max_age="2s")
    results = gateway.load(3)
    server.records["eventbus.test"] = "green.test"
    results += gateway.load(5)
    before = dict(bus.arrived)
    after = gateway.load(3)
    gateway.stop()
    in_time(results + after, within=1, share=1)
    assert bus.arrived[OTHER] - before[OTHER] == len(after), (before, bus.arrived)


WORLDS = [new_replicas, aaaa_only, resolver_fails, all_addresses_change, cname_changes]
