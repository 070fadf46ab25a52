"""The other ways to install it."""
import json

from load import TOKEN
from nodes import until
from scenarios.scenario import scenario
from stage import CLUSTER_IP


@scenario("the overlay for Knative")
def knative(stage, scene):
    stage.write_files()
    stage.apply(stage.objects("broker"))
    scene.disturb()
    stage.install("overlays/knative")
    stage.rolled_out()
    stage.ready(3)
    scene.well()
    scene.load()
    scene.quiet(10)
    scene.stop()
    stage.uninstall("overlays/knative")


def helm(stage, *arguments):
    cluster = stage.cluster
    cluster.nodes[0].run(cluster.programs / "helm", "--kubeconfig", cluster.kubeconfig,
                         "-n", "helm", *arguments)


def values(stage, **more):
    """Writes values for the chart. Returns their path."""
    path = stage.cluster.folder / "values.yaml"
    path.write_text(json.dumps({
        "image": {"tag": "latest"},
        "config": {"target": CLUSTER_IP, "function": {"provision": False},
                   "gateway": {"token": TOKEN}},
        "secret": {"secret_id": "id", "secret_key": "key"}} | more))
    return path


@scenario("Helm: installed")
def helm_installed(stage, scene):
    stage.write_files()
    scene.disturb()
    helm(stage, "install", "cos-gateway", stage.deploy / "helm/cos-gateway", "-f", values(stage),
         "--create-namespace", "--wait", "--timeout", "240s")
    scene.well()
    scene.load(namespace="helm")
    scene.quiet(10)


@scenario("Helm: upgraded, another configuration and key")
def helm_upgraded(stage, scene):
    scene.load(namespace="helm")
    scene.quiet(3)
    scene.disturb()
    helm(stage, "upgrade", "cos-gateway", stage.deploy / "helm/cos-gateway", "-f",
         values(stage, secret={"secret_id": "id", "secret_key": "another"}),
         "--set", "config.delivery.deadline=24s", "--wait", "--timeout", "240s")
    scene.well()
    scene.quiet(10)


@scenario("Helm: uninstalled", seconds=120)
def helm_uninstalled(stage, scene):
    load = scene.load(namespace="helm")
    scene.quiet(5)
    load.stop()
    scene.disturb()
    helm(stage, "uninstall", "cos-gateway", "--wait", "--timeout", "180s")
    until("nothing is left", lambda: not stage.kubectl(
        "-n", "helm", "get", "all,configmaps,secrets,networkpolicies", "-o", "name",
        "-l", "app.kubernetes.io/instance=cos-gateway"), 60, 0.5)
    scene.well()
