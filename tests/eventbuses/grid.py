"""How near the defaults come to the best setting made by hand, for each eventbus: run.py --grid."""
import signal
import statistics
import time

from gateway import Gateway, Load

CONNECTIONS, DEPTHS = (1, 4, 16, 64), (1, 8, 64)
HAND = [{"connections": c, "pipeline": d} for c in CONNECTIONS for d in DEPTHS]
DEFAULT = {}
# So long the defaults may take to find what is best here; what is fixed needs only to connect.
FINDS_WITHIN, BEGINS_WITHIN = 10, 1.5
GOAL = 0.9


def measure(program, server, folder, delivery, seconds):
    """Returns the events a second that the eventbus takes, and connections and depth in use."""
    gateway = Gateway(program, folder, f"http://127.0.0.1:{server.port}/", delivery)
    # More events on their way than most settings let out to the eventbus; what is on its way at the
    # end is of no interest.
    load = Load(gateway.port, posts=1 << 40, records=16)
    time.sleep(FINDS_WITHIN if delivery == DEFAULT else BEGINS_WITHIN)
    before, begun = gateway.delivered(), time.monotonic()
    time.sleep(seconds)
    rate = (gateway.delivered() - before) / (time.monotonic() - begun)
    ready = [one for one in gateway.connections() if one.get("state") == "ready"]
    gateway.stop(signal.SIGKILL)
    for thread in load.threads:
        thread.join()
    return rate, (len(ready), max((one["pipeline_depth"] for one in ready), default=0))


def text_of(setting):
    return f"{setting['connections']} x {setting['pipeline']}"


def compare(program, server, folder, seconds, rounds):
    """Returns a row of the table, and whether the goal is reached.

    All settings once, to find the best two; then these and the defaults by turns, as the machine may do
    other things as well: only what was measured by turns is compared."""
    scanned = [(measure(program, server, folder, hand, seconds)[0], n) for n, hand in enumerate(HAND)]
    print(f"  {server.name}: " + ", ".join(f"{text_of(HAND[n])}: {rate:,.0f}" for rate, n in scanned),
          flush=True)
    best = [HAND[n] for _, n in sorted(scanned, reverse=True)[:2]]
    rates, reached = {n: [] for n in range(3)}, []
    for _ in range(rounds):
        for n, setting in enumerate([DEFAULT, *best]):
            rate, used = measure(program, server, folder, setting, seconds)
            rates[n].append(rate)
            if setting == DEFAULT:
                reached.append(used)
    print(f"  by turns: {[[round(rate) for rate in all_of] for all_of in rates.values()]}, "
          f"defaults reached {reached}", flush=True)
    default, *hands = (statistics.median(all_of) for all_of in rates.values())
    n, hand = max(enumerate(hands), key=lambda one: one[1])
    used = reached[rates[0].index(statistics.median_low(rates[0]))]
    row = (f"| {server.name} | {default:,.0f} | {used[0]} x {used[1]} | {hand:,.0f} | "
           f"{text_of(best[n])} | {100 * default / hand:.0f} % |")
    return row, default >= GOAL * hand
