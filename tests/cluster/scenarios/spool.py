"""The spool: outages, kills, an upgrade, and the way to it and back."""
from nodes import until
from scenarios.eventbus import away_for_a_minute
from scenarios.scenario import BROKEN, scenario


@scenario("from the base to the spool")
def base_to_spool(stage, scene):
    stage.write_files()
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.install("overlays/persistent-spool")
    stage.rolled_out("statefulset/cos-gateway")
    stage.gateway("delete", "horizontalpodautoscaler/cos-gateway", "deployment/cos-gateway")
    stage.ready(3)
    scene.well()
    scene.quiet(5)


@scenario("no eventbus for a minute, with a spool", seconds=240)
def no_eventbus_spool(stage, scene):
    away_for_a_minute(stage, scene, stage.service_address("eventbus", "eventbus"))


@scenario("processes killed with a spool, no eventbus", allowed=BROKEN, seconds=240)
def killed_with_spool(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.scale_eventbus(0)
    scene.quiet(20)
    for pod in stage.pods():
        node, pid = stage.process_of(pod)
        node.run("kill", "-9", pid, inside=True)
    scene.quiet(3)
    stage.ready(3)
    scene.quiet(5)
    stage.scale_eventbus(3)
    stage.eventbus_ready(3)
    scene.well()
    scene.quiet(10)


@scenario("from the spool to the base")
def spool_to_base(stage, scene):
    scene.load()
    scene.quiet(3)
    scene.disturb()
    stage.install("base")
    stage.rolled_out()
    stage.gateway("delete", "statefulset/cos-gateway", "service/cos-gateway-pods")
    stage.ready(3)
    scene.well()
    scene.quiet(5)
    scene.stop()
    stage.remove()


@scenario("upgrade from the previous version, events in its spool", seconds=300)
def upgrade(stage, scene):
    previous = (stage.cluster.images / "cos-gateway-previous.tar").exists()
    if not previous:
        scene.note("there is no image of a previous version: from this one")
    stage.write_files(tag="previous" if previous else "latest")
    stage.install("overlays/persistent-spool")
    stage.rolled_out("statefulset/cos-gateway")
    scene.load()
    scene.quiet(5)
    scene.disturb()
    stage.scale_eventbus(0)
    scene.quiet(30)
    stage.write_files()
    stage.install("overlays/persistent-spool")
    stage.rolled_out("statefulset/cos-gateway")
    scene.quiet(5)
    stage.scale_eventbus(3)
    stage.eventbus_ready(3)
    scene.well()
    scene.quiet(10)


@scenario("uninstalled", seconds=120)
def uninstalled(stage, scene):
    load = scene.load()
    scene.quiet(5)
    load.stop()
    scene.disturb()
    stage.uninstall("overlays/persistent-spool")
    until("nothing is left", lambda: not stage.kubectl(
        "get", "all,configmaps,secrets,networkpolicies", "-A", "-o", "name",
        "-l", "app.kubernetes.io/name=cos-gateway"), 60, 0.5)
    scene.well()
