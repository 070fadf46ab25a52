"""What happens to the eventbus and to its name."""
import time

from nodes import NAME_SERVER, until
from scenarios.scenario import scenario
from stage import HEADLESS


@scenario("an eventbus pod deleted, ClusterIP")
def eventbus_pod_deleted(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    pod = stage.pods("eventbus", "app=eventbus")[0]["metadata"]["name"]
    stage.kubectl("-n", "eventbus", "delete", f"pod/{pod}")
    stage.eventbus_ready(3)
    scene.well()
    scene.quiet(10)


@scenario("the eventbus scaled to 6 and to 3, ClusterIP")
def eventbus_scaled(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    for count in (6, 3):
        stage.scale_eventbus(count)
        stage.eventbus_ready(count)
        scene.quiet(10)
    scene.well()


@scenario("no eventbus for a minute, ClusterIP", allowed={"504"}, seconds=180)
def no_eventbus(stage, scene):
    away_for_a_minute(stage, scene, stage.service_address("eventbus", "eventbus"))


def away_for_a_minute(stage, scene, address, *name_server):
    load = scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.scale_eventbus(0)
    until("no eventbus", lambda: not stage.pods("eventbus", "app=eventbus"), 60, 0.5)
    scene.quiet(60)
    stage.scale_eventbus(3)
    back = stage.reached(address, *name_server)
    first = until("an event", lambda: stage.events.first(load.prefix, back - 5), 60, 0.5)
    scene.note(f"the first event {first - back:+.2f} s after it was back")
    scene.bound(first - back <= 1, "more than a second after the eventbus was back")
    stage.eventbus_ready(3)
    scene.well()
    scene.quiet(10)


@scenario("name servers away for a minute, a pod deleted meanwhile", allowed={"504"},
          seconds=240)
def names_away(stage, scene):
    """Pods that know the eventbus' address keep it; the new pod cannot deliver meanwhile."""
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.kubectl("-n", "kube-system", "scale", "deployment/coredns", "--replicas=0")
    stage.gateway("delete", stage.a_pod())
    scene.quiet(60)
    stage.kubectl("-n", "kube-system", "scale", "deployment/coredns", "--replicas=2")
    stage.ready(3)
    scene.well()
    scene.quiet(10)


@scenario("moved to the headless Service")
def headless(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.write_files(HEADLESS)
    stage.install()
    stage.rolled_out()
    scene.well()
    scene.quiet(10)


@scenario("an eventbus pod deleted, headless")
def eventbus_pod_deleted_headless(stage, scene):
    eventbus_pod_deleted(stage, scene)


@scenario("the eventbus scaled from 3 to 6, headless")
def eventbus_grows_headless(stage, scene):
    load = scene.load(rate=600, connections=32)
    scene.quiet(3)
    scene.disturb()
    stage.scale_eventbus(6)
    stage.eventbus_ready(6)
    pods = {one["metadata"]["name"] for one in stage.pods("eventbus", "app=eventbus")}

    def shares():
        counts = stage.events.of_pods(load.prefix, time.time() - 10)
        return {pod: counts[pod] * len(pods) / max(1, sum(counts.values())) for pod in pods}
    try:
        until("every pod has its share", lambda: min(shares().values()) >= 0.8, 120, 2)
    except TimeoutError as late:
        scene.bound(False, str(late))
    scene.well()
    scene.note("shares " + " ".join(f"{one:.2f}" for one in sorted(shares().values())))


@scenario("the eventbus scaled from 6 to 3, headless")
def eventbus_shrinks_headless(stage, scene):
    scene.load(rate=600, connections=32)
    scene.quiet(3)
    scene.disturb()
    stage.scale_eventbus(3)
    stage.eventbus_ready(3)
    scene.well()
    scene.quiet(15)


@scenario("no eventbus for a minute, headless", allowed={"504"}, seconds=180)
def no_eventbus_headless(stage, scene):
    away_for_a_minute(stage, scene, HEADLESS, "-dns", f"{NAME_SERVER}:53")
