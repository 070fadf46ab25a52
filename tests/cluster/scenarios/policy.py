"""What the network policy lets through, and what not."""
import json

from nodes import until
from scenarios.scenario import scenario
from stage import CLUSTER_IP, NAMESPACE


@scenario("the network policy")
def policy(stage, scene):
    scene.load()
    address = {one["status"]["podIP"] for one in stage.pods()}.pop()
    metadata = "169.254.169.254"
    first = stage.cluster.nodes[0]
    first.shell(f"ip address add {metadata}/32 dev lo")
    first.start("metadata", stage.cluster.programs / "tool", "eventbus", "-folder", "/tmp")
    stage.kubectl("create", "namespace", "watching")
    stage.kubectl("label", "namespace", "watching", "cos-gateway/monitoring=true")
    ours = {"app.kubernetes.io/name": "cos-gateway"}
    expected = [("default", {}, f"{address}:8080", True),
                ("default", {}, f"{address}:9464", False),
                ("watching", {}, f"{address}:9464", True),
                ("default", {}, f"{metadata}:8080", True),
                (NAMESPACE, ours, f"{metadata}:8080", False),
                (NAMESPACE, ours, CLUSTER_IP, True)]
    scene.disturb()
    for number, (namespace, labels, to, right) in enumerate(expected):
        reached = pod_reaches(stage, f"reach{number}", namespace, labels, to)
        scene.bound(reached == right, f"{to} from {labels or namespace}: {reached}")
    stage.kubectl("delete", "namespace", "watching", "--wait=false")
    scene.well()


def pod_reaches(stage, name, namespace, labels, to):
    """Returns whether a pod with these labels can connect, once the policies know of it."""
    stage.apply(json.dumps({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"restartPolicy": "Never", "nodeName": "n2",
                 "securityContext": {"runAsNonRoot": True, "runAsUser": 65532,
                                     "seccompProfile": {"type": "RuntimeDefault"}},
                 "containers": [{
                     "name": "tool", "image": "tool:test", "imagePullPolicy": "Never",
                     "args": ["reach", "-to", to, "-after", "5", "-seconds", "10"],
                     "securityContext": {"allowPrivilegeEscalation": False,
                                         "capabilities": {"drop": ["ALL"]}}}]}}))
    phase = until(f"pod {name}", lambda: {"Succeeded": 1, "Failed": 2}.get(
        stage.get("-n", namespace, "pod", name)["status"].get("phase")), 120, 0.5)
    stage.kubectl("-n", namespace, "delete", "pod", name)
    return phase == 1
