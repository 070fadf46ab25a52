"""The base, and what happens to its pods and nodes."""
import json
import time

from load import TOKEN
from nodes import until
from scenarios.scenario import BROKEN, TIMED_OUT, scenario


@scenario("first apply")
def first_apply(stage, scene):
    stage.remove()
    stage.write_files()
    scene.disturb()
    stage.install()
    first = stage.reached(stage.service_address())
    scene.note(f"the first pod took posts after {first - scene.disturbed_at:.0f} s")
    scene.load()
    stage.ready(3)
    scene.well()
    scene.quiet(5)


@scenario("applied again, nothing changed")
def applied_again(stage, scene):
    before = {one["metadata"]["name"] for one in stage.pods()}
    scene.load()
    scene.disturb()
    stage.write_files()
    stage.install()
    scene.quiet(10)
    scene.bound({one["metadata"]["name"] for one in stage.pods()} == before, "other pods")
    scene.well()


@scenario("ten rollouts, 1,200 posts/s", seconds=900)
def ten_rollouts(stage, scene):
    load = scene.load(rate=1200, connections=32)
    scene.disturb()
    for number in range(1, 11):
        stage.gateway("rollout", "restart", "deployment/cos-gateway")
        stage.rolled_out()
        load.wait_for(20000 * number, 300)
    stage.ready(3)
    scene.well()


@scenario("configuration changed")
def configuration_changed(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.write_files(extra="delivery:\n  deadline: 24s\n")
    stage.install()
    stage.rolled_out()
    scene.well()
    scene.quiet(10)


@scenario("Secret changed")
def secret_changed(stage, scene):
    new = "another token, which is long enough too"
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.write_files(token=new, previous_token=TOKEN)
    stage.install()
    stage.rolled_out()
    scene.well()
    stage.ready(3)  # the pods that do not know it are gone
    scene.load(token=new)
    scene.quiet(10)
    scene.stop()
    stage.write_files()
    stage.install()
    stage.rolled_out()
    stage.ready(3)


@scenario("scaled by hand to 6 and to 3")
def scaled_by_hand(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.gateway("scale", "deployment/cos-gateway", "--replicas=6")
    scene.quiet(12)
    stage.gateway("scale", "deployment/cos-gateway", "--replicas=3")
    stage.ready(3)
    scene.well()
    scene.quiet(5)


@scenario("scaled by the autoscaler", seconds=600)
def autoscaled(stage, scene):
    """Its target is brought down to what this load needs."""
    def target(utilization, window):
        cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": utilization}}
        stage.gateway("patch", "horizontalpodautoscaler/cos-gateway", "--type=merge", "-p",
                      json.dumps({"spec": {
                          "maxReplicas": 5, "metrics": [{"type": "Resource", "resource": cpu}],
                          "behavior": {"scaleDown": {"stabilizationWindowSeconds": window}}}}))
    load = scene.load(rate=1000, connections=32)
    scene.disturb()
    target(2, 15)
    stage.ready(5, seconds=300)
    scene.note(f"5 pods after {time.time() - scene.disturbed_at:.0f} s")
    scene.load(rate=20)
    load.stop()
    target(200, 15)
    stage.ready(3, seconds=300)
    scene.well()
    scene.quiet(5)
    scene.stop()
    stage.write_files()
    stage.install()


@scenario("a pod deleted")
def pod_deleted(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.gateway("delete", stage.a_pod())
    stage.ready(3)
    scene.well()
    scene.quiet(5)


@scenario("a process killed", allowed=BROKEN, seconds=120)
def process_killed(stage, scene):
    load = scene.load()
    scene.quiet(3)
    node, pid = stage.process_of(stage.pods()[0])
    scene.disturb()
    node.run("kill", "-9", pid, inside=True)
    scene.quiet(3)
    stage.ready(3)
    scene.well()
    scene.quiet(10)
    load.stop()
    failed = load.outcome["posts"] - load.outcome["answers"]["200"]
    scene.bound(failed <= load.outcome["posts"] * 0.1, "more than a tenth of the posts failed")


@scenario("idle gateways stopped", seconds=60)
def idle_stopped(stage, scene):
    """How long the program takes from SIGTERM to its end when nobody is connected."""
    scene.disturb()
    took = []
    for pod in stage.pods():
        node, pid = stage.process_of(pod)
        begun = time.monotonic()
        node.run("sh", "-c", f"kill -TERM {pid}; while kill -0 {pid} 2>&-; do sleep 0.01; done",
                 inside=True)
        took.append(time.monotonic() - begun)
    scene.note("took " + ", ".join(f"{one:.2f} s" for one in took))
    scene.bound(max(took) < 1, "more than a second")
    scene.quiet(3)
    stage.ready(3)
    scene.well()


@scenario("a node drained")
def node_drained(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.kubectl("drain", "n2", "--ignore-daemonsets", "--delete-emptydir-data",
                  "--timeout=240s")
    stage.ready(3)
    stage.eventbus_ready(3)
    scene.well()
    scene.quiet(5)
    stage.kubectl("uncordon", "n2")
    stage.gateway("rollout", "restart", "deployment/cos-gateway")
    stage.kubectl("-n", "eventbus", "rollout", "restart", "deployment/eventbus")
    stage.kubectl("-n", "kube-system", "rollout", "restart", "deployment/coredns")
    stage.rolled_out()
    stage.ready(3)
    stage.eventbus_ready(3)


@scenario("a node cut off", allowed=BROKEN | TIMED_OUT | {"504"}, seconds=300)
def node_cut_off(stage, scene):
    stage.spread()
    scene.load()
    scene.quiet(3)
    scene.disturb()
    first = stage.cluster.nodes[0]
    first.shell("ip link set to2 down")
    try:
        until("the node is known to be away", lambda: any(
            one["type"] == "Ready" and one["status"] != "True"
            for one in stage.get("node", "n2")["status"]["conditions"]), 120, 1)
        scene.note(f"known after {time.time() - scene.disturbed_at:.0f} s")
        scene.well()
        scene.quiet(40)
        scene.stop()
    finally:
        first.shell("ip link set to2 up")
    until("the node is back", lambda: all(
        one["status"] == "True" for one in stage.get("node", "n2")["status"]["conditions"]
        if one["type"] == "Ready"), 120, 1)
    stage.eventbus_ready(3)
    stage.ready(3)


@scenario("64 MiB of memory, posts of 8 MiB", allowed={"503", "413"}, seconds=240)
def little_memory(stage, scene):
    stage.gateway("set", "resources", "deployment/cos-gateway", "--limits=memory=64Mi",
                  "--requests=memory=64Mi")
    stage.rolled_out()
    stage.ready(3)
    scene.load(rate=20)
    load = scene.load(rate=40, connections=16, padding=8 * 1024 * 1024 - 2048)
    scene.disturb()
    scene.quiet(30)
    load.stop()
    scene.well()
    taken = load.outcome["answers"].get("200", 0)
    scene.note(f"{taken} of {load.outcome['posts']} large ones taken")
    scene.bound(stage.restarts() == 0, f"{stage.restarts()} restarts")
    scene.stop()
    stage.install()
    stage.rolled_out()
    stage.ready(3)
