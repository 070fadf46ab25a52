"""The gateway's logs, kept when its pods are gone."""
import subprocess
import threading

LABEL = "app.kubernetes.io/name=cos-gateway"


class PodLogs:
    """Follows the log of each pod of the gateway into a file of its own, until it is closed."""

    def __init__(self, cluster):
        self.cluster, self.folder = cluster, cluster.folder / "logs"
        self.folder.mkdir()
        self.closing = threading.Event()
        self.followers = {}  # by the ID of the container
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.thread.join()
        for follower in self.followers.values():
            follower.terminate()
            follower.wait()

    def _look(self):
        while not self.closing.wait(1):
            try:
                pods = self.cluster.get("pods", "-A", "-l", LABEL)["items"]
            except (subprocess.SubprocessError, ValueError):
                continue  # the API server is busy; the next look finds them
            for pod in pods:
                for container in pod["status"].get("containerStatuses", []):
                    self._follow(pod["metadata"], container.get("containerID"))

    def _follow(self, pod, container):
        if container is None or container in self.followers:
            return
        with open(self.folder / f"{pod['name']}.{container[-8:]}.log", "wb") as log:
            self.followers[container] = subprocess.Popen(
                self.cluster.kubectl_command("logs", "-f", "-n", pod["namespace"], pod["name"]),
                stdout=log, stderr=subprocess.STDOUT)
