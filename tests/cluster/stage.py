"""What scenarios act on: the gateway as its documents say how to install it, an eventbus, load."""
import dataclasses
import json
import re
import shutil
import subprocess
import time

from load import TOKEN, Account, Events, Load
from nodes import HERE, until

DEPLOY = HERE.parents[1] / "deploy"
CLUSTER_IP = "eventbus.eventbus.svc.cluster.local:8080"
HEADLESS = "eventbus-pods.eventbus.svc.cluster.local:8080"
NAMESPACE = "cos-gateway"


@dataclasses.dataclass
class Result:
    name: str
    account: Account
    well: float                 # seconds from the disturbance until all was as it should be
    notes: list
    missed: list                # bounds


def replace(line, by, text):
    text, count = re.subn(line, by, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{line} stands {count} times in {text}")
    return text


class Stage:
    def __init__(self, cluster):
        self.cluster = cluster
        self.kubectl, self.get = cluster.kubectl, cluster.get
        self.events = Events(cluster.folder / "events")
        self.deploy = cluster.folder / "deploy"

    def prepare(self):
        """Brings up what the gateway needs: DNS, metrics, volumes, an eventbus."""
        for name in ("coredns", "metrics-server", "eventbus"):
            self.apply(self.objects(name, EVENTS=self.events.folder))
        for node in self.cluster.nodes:
            for number in range(6):
                path = node.folder / "volumes" / str(number)
                path.mkdir()
                self.apply(self.objects("volumes", NODE=node.name, NUMBER=number, PATH=path))
        for namespace, name in (("kube-system", "coredns"), ("eventbus", "eventbus")):
            self.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}",
                         "--timeout=180s")
        until("metrics", lambda: self.kubectl("top", "nodes", check=False), 180, 2)

    @staticmethod
    def objects(name, **values):
        text = (HERE / "objects" / f"{name}.yaml").read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        return text

    def apply(self, text):
        self.kubectl("apply", "-f", "-", input=text)

    # The gateway

    def write_files(self, target=CLUSTER_IP, extra="", token=TOKEN, previous_token="",
                    tag="latest"):
        """Copies deploy/ of this version or the previous one, and edits what is to be edited."""
        shutil.rmtree(self.deploy, ignore_errors=True)
        shutil.copytree(self.cluster.images.parent / "deploy" if tag == "previous" else DEPLOY,
                        self.deploy)
        for path in self.deploy.glob("kubernetes/**/config.yml"):
            text = replace("^function:$", "function:\n  provision: false", path.read_text())
            if "knative" not in path.parts:
                text = replace("^target: .*", f'target: "{target}"', text)
            path.write_text(text + extra)
        images = self.deploy / "kubernetes/base/kustomization.yaml"
        images.write_text(images.read_text().replace("newTag: latest", f"newTag: {tag}"))
        secret = {"secret_id": "id", "secret_key": "key", "gateway": {"token": token}}
        if previous_token:
            secret["gateway"]["previous_token"] = previous_token
        (self.deploy / "kubernetes/base/secret.yml").write_text(json.dumps(secret))

    def install(self, folder="base"):
        """Applies the manifests as docs/kubernetes.md says."""
        return self.kubectl("apply", "-k", self.deploy / "kubernetes" / folder)

    def gateway(self, *arguments, **options):
        return self.kubectl("-n", NAMESPACE, *arguments, **options)

    def rolled_out(self, workload="deployment/cos-gateway", seconds=240):
        self.gateway("rollout", "status", workload, f"--timeout={seconds}s")

    def pods(self, namespace=NAMESPACE, selector="app.kubernetes.io/name=cos-gateway"):
        return self.get("-n", namespace, "pods", "-l", selector)["items"]

    def ready(self, count, namespace=NAMESPACE, selector="app.kubernetes.io/name=cos-gateway",
              seconds=240):
        """Waits until there are so many pods, all of them ready and none about to go."""
        def all_ready():
            pods = self.pods(namespace, selector)
            return len(pods) == count and all(
                "deletionTimestamp" not in pod["metadata"] and any(
                    one["type"] == "Ready" and one["status"] == "True"
                    for one in pod["status"].get("conditions", [])) for pod in pods)
        until(f"{count} pods ready", all_ready, seconds, 0.5)

    def spread(self):
        """Deletes pods, one after the other, until they are on both nodes."""
        for _ in range(4):
            if len({one["spec"]["nodeName"] for one in self.pods()}) == 2:
                return
            self.gateway("delete", self.a_pod())
            self.ready(3)
        raise TimeoutError("all pods are on one node")

    def restarts(self):
        return sum(one["restartCount"] for pod in self.pods()
                   for one in pod["status"].get("containerStatuses", []))

    def a_pod(self):
        return "pod/" + self.pods()[0]["metadata"]["name"]

    def process_of(self, pod):
        """Returns the pod's node, and the process ID there of its container."""
        node = next(one for one in self.cluster.nodes if one.name == pod["spec"]["nodeName"])
        container = pod["status"]["containerStatuses"][0]["containerID"]
        tasks = self.cluster.containers(node, "tasks", "list").splitlines()
        return node, next(line.split()[1] for line in tasks
                          if line.startswith(container.removeprefix("containerd://")))

    def uninstall(self, folder):
        self.kubectl("delete", "-k", self.deploy / "kubernetes" / folder, "--timeout=180s")

    def remove(self):
        """Deletes the namespace with all that is in it."""
        self.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=180s")

    # The eventbus

    def scale_eventbus(self, count):
        self.kubectl("-n", "eventbus", "scale", "deployment/eventbus", f"--replicas={count}")

    def eventbus_ready(self, count):
        self.ready(count, "eventbus", "app=eventbus")

    def reached(self, address, *name_server):
        """Waits until somebody listens at the address. Returns when that was."""
        return float(self.cluster.nodes[0].run(
            self.cluster.programs / "tool", "reach", "-to", address, *name_server,
            "-seconds", 180).stdout)

    def service_address(self, name="cos-gateway", namespace=NAMESPACE):
        service = self.get("-n", namespace, "service", name)["spec"]
        return f"{service['clusterIP']}:{service['ports'][0]['port']}"


class Scene:
    """One scenario as it runs: its loads, when it was disturbed, when it was well again."""

    def __init__(self, stage):
        self.stage = stage
        self.loads, self.notes, self.missed = [], [], []
        self.disturbed_at = self.well_at = time.time()

    def load(self, rate=300, connections=16, service="cos-gateway", namespace=NAMESPACE, **options):
        cluster = self.stage.cluster
        address = self.stage.service_address(service, namespace)
        self.loads.append(Load(cluster.nodes[0], cluster.programs / "tool", cluster.folder,
                               f"http://{address}/", rate, connections, **options))
        return self.loads[-1]

    def quiet(self, seconds):
        """Lets the load run while nothing happens."""
        time.sleep(seconds)

    def disturb(self):
        self.disturbed_at = self.well_at = time.time()

    def well(self):
        self.well_at = time.time()

    def note(self, text):
        self.notes.append(text)

    def bound(self, holds, text):
        if not holds:
            self.missed.append(text)

    def stop(self):
        for load in self.loads:
            try:
                load.stop()
            except (subprocess.SubprocessError, ValueError):
                load.process.kill()


def play(stage, scenario, patience=90):
    """Runs one scenario. Returns its result."""
    scene = Scene(stage)
    try:
        scenario.run(stage, scene)
        account = Account(scene.loads, stage.events, patience)
    finally:
        scene.stop()
    scene.bound(account.lost == 0, f"{account.lost} lost")
    unwanted = set(account.answers) - {"200"} - scenario.allowed
    scene.bound(not unwanted, "answers: " + ", ".join(
        f"{account.answers[one]} times {one}" for one in sorted(unwanted)))
    for answer in sorted(scenario.allowed & set(account.answers)):
        scene.note(f"{account.answers[answer]} times {answer}")
    well = max(scene.well_at, account.last_failed) - scene.disturbed_at
    scene.bound(well <= scenario.seconds, f"well after {well:.0f} s, not {scenario.seconds}")
    return Result(scenario.name, account, well, scene.notes, scene.missed)
