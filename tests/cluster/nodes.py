"""A Kubernetes of two nodes on one machine.

A node is a process ID, network and mount namespace, all held by one process: what runs in the
node ends with that process, and its mounts and interfaces go with it. The first node has the
control plane and the bridge to the second one. Nothing outside of the namespaces is changed but
the nodes' cgroups, which are removed in the end. Needs root.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from waiting import until  # noqa: E402

CLUSTER_ADDRESSES, SERVICES, NAME_SERVER = "10.244.0.0/16", "10.96.0.0/16", "10.96.0.10"
CGROUPS = pathlib.Path("/sys/fs/cgroup")

# The kubelet sets what it needs of the kernel, which is everybody's. These files take their place.
KERNEL = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10,
          "kernel/panic_on_oops": 1, "kernel/keys/root_maxkeys": 1000000,
          "kernel/keys/root_maxbytes": 25000000}

HOLD = """
set -e
mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/lock
mount -t tmpfs tmpfs /var && mkdir -p /var/lib /var/log /var/tmp && ln -s /run /var/run
for file in "$1"/kernel/*; do
  mount --bind "$file" /proc/sys/$(basename "$file" | tr , /)
done
mount --make-rshared /
trap '' CHLD  # so that nobody has to wait for processes whose parents are gone
touch "$1/up"
exec sleep infinity
"""


def run(command, **options):
    options = {"check": True, "text": True, "capture_output": True, "timeout": 600} | options
    return subprocess.run(command, **options)


class Node:
    def __init__(self, number, folder):
        self.number, self.name = number, f"n{number}"
        self.address = f"10.77.0.{number}"
        self.folder = folder / self.name
        self.cgroup = f"cos-gateway-cluster-{self.name}"
        for name in ("kernel", "log", "volumes"):
            (self.folder / name).mkdir(parents=True)
        for path, value in KERNEL.items():
            (self.folder / "kernel" / path.replace("/", ",")).write_text(f"{value}\n")
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             "--propagation", "private", "sh", "-c", HOLD, "sh", self.folder],
            stdin=subprocess.DEVNULL)
        until("namespaces", (self.folder / "up").exists, 10, 0.05)
        children = f"/proc/{self.holder.pid}/task/{self.holder.pid}/children"
        self.pid = pathlib.Path(children).read_text().split()[0]
        self.services = []
        self.shell("ip link set lo up")

    def enter(self, *command, inside=False):
        """Returns the command for the node's network, or for inside of all its namespaces."""
        return ["nsenter", "-t", self.pid, "-n", *(["-m", "-p"] if inside else []),
                *map(str, command)]

    def run(self, *command, inside=False, **options):
        return run(self.enter(*command, inside=inside), **options)

    def shell(self, script):
        self.run("sh", "-ec", script)

    def start(self, name, *command):
        """Starts what runs as long as the node."""
        with open(self.folder / "log" / f"{name}.log", "ab") as log:
            self.services.append(subprocess.Popen(self.enter(*command, inside=True), stdout=log,
                                                  stderr=log, stdin=subprocess.DEVNULL))

    def make_cgroups(self):
        unified = (CGROUPS / "cgroup.controllers").exists()
        if unified:
            (CGROUPS / "cgroup.subtree_control").write_text("+cpu +cpuset +memory +pids")
        for parent in [CGROUPS] if unified else [one for one in CGROUPS.iterdir() if one.is_dir()]:
            own = parent / self.cgroup
            own.mkdir(exist_ok=True)
            if unified:
                (own / "cgroup.subtree_control").write_text("+cpu +cpuset +memory +pids")
            for name in ("cpuset.cpus", "cpuset.mems"):
                if not unified and (parent / name).exists():
                    (own / name).write_text((parent / name).read_text())

    def end(self):
        self.holder.kill()
        self.holder.wait()
        for one in self.services:
            one.wait()
        for own in [*CGROUPS.glob(self.cgroup), *CGROUPS.glob(f"*/{self.cgroup}")]:
            for folder, _, _ in os.walk(own, topdown=False):
                until(f"{folder} removed", lambda: _removed(folder), 20, 0.05)


def _removed(cgroup):
    try:
        os.rmdir(cgroup)
    except FileNotFoundError:
        pass
    except OSError:  # a process of it is about to end
        return False
    return True


class Cluster:
    def __init__(self, programs, images, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.programs, self.images, self.folder = programs, images, folder
        self.nodes = []
        self.kubeconfig = folder / "kubeconfig"

    def __enter__(self):
        try:
            self._up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_):
        self.down()

    def kubectl_command(self, *arguments):
        return self.nodes[0].enter(self.programs / "kubectl", "--kubeconfig", self.kubeconfig,
                                   *arguments)

    def kubectl(self, *arguments, **options):
        """Returns what kubectl printed."""
        return run(self.kubectl_command(*arguments), **options).stdout

    def get(self, *arguments):
        return json.loads(self.kubectl("get", "-o", "json", *arguments))

    def down(self):
        for node in self.nodes:
            node.end()
        self.nodes = []

    def _up(self):
        for number in (1, 2):
            self.nodes.append(Node(number, self.folder))
        first, second = self.nodes
        first.shell(f"""
            ip link add br0 type bridge; ip addr add {first.address}/24 dev br0; ip link set br0 up
            ip link add to2 type veth peer name eth0 netns {second.pid}
            ip link set to2 master br0 up; ip route add default via 10.77.0.254
            ip route add 10.244.2.0/24 via {second.address}""")
        second.shell(f"""
            ip addr add {second.address}/24 dev eth0; ip link set eth0 up
            ip route add default via {first.address}""")
        for node in self.nodes:
            node.shell("sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1")
        self._control_plane(first)
        for node in self.nodes:
            self._containerd(node)
        for node in self.nodes:
            self._kubelet(node)
        until("nodes ready", self._nodes_ready, 180, 1)

    def _nodes_ready(self):
        nodes = self.get("nodes")["items"]
        return len(nodes) == 2 and all(
            one["status"] == "True" for node in nodes for one in node["status"]["conditions"]
            if one["type"] == "Ready")

    def _certificates(self):
        """Makes an authority and what it signs: the API server's certificate, and the one by which
        metrics-server knows the API server."""
        folder = self.folder / "pki"
        folder.mkdir()

        def openssl(command):
            subprocess.run(f"openssl {command}", shell=True, check=True, cwd=folder,
                           capture_output=True)
        names = ",".join(["IP:10.77.0.1", "IP:127.0.0.1", "IP:10.96.0.1", "DNS:kubernetes",
                          "DNS:kubernetes.default", "DNS:kubernetes.default.svc"])
        (folder / "api.names").write_text(f"subjectAltName={names}\n")
        (folder / "aggregator.names").write_text("extendedKeyUsage=clientAuth\n")
        openssl("genrsa -out accounts.key 2048")
        pair = "-newkey rsa:2048 -nodes -keyout"
        openssl(f"req -x509 {pair} ca.key -days 30 -subj /CN=cluster -out ca.crt")
        for name in ("api", "aggregator"):
            openssl(f"req {pair} {name}.key -subj /CN={name} -out {name}.csr")
            openssl(f"x509 -req -days 30 -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial"
                    f" -out {name}.crt -extfile {name}.names")
        return folder

    def _control_plane(self, node):
        pki, bin = self._certificates(), self.programs
        (pki / "tokens.csv").write_text('admin,admin,1,"system:masters"\n')
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": "https://10.77.0.1:6443", "certificate-authority": str(pki / "ca.crt")}}],
            "users": [{"name": "admin", "user": {"token": "admin"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}))
        node.start("etcd", bin / "etcd", "--data-dir", self.folder / "etcd", "--unsafe-no-fsync",
                   "--listen-client-urls", "http://127.0.0.1:2379",
                   "--advertise-client-urls", "http://127.0.0.1:2379",
                   "--listen-peer-urls", "http://127.0.0.1:2380")
        node.start("apiserver", bin / "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379",
                   "--advertise-address=10.77.0.1", "--bind-address=0.0.0.0", "--secure-port=6443",
                   f"--tls-cert-file={pki}/api.crt", f"--tls-private-key-file={pki}/api.key",
                   f"--service-cluster-ip-range={SERVICES}", f"--token-auth-file={pki}/tokens.csv",
                   "--authorization-mode=RBAC", "--allow-privileged=true",
                   "--kubelet-preferred-address-types=InternalIP",
                   "--service-account-issuer=https://kubernetes.default.svc",
                   f"--service-account-key-file={pki}/accounts.key",
                   f"--service-account-signing-key-file={pki}/accounts.key",
                   f"--requestheader-client-ca-file={pki}/ca.crt",
                   "--requestheader-allowed-names=aggregator",
                   "--requestheader-username-headers=X-Remote-User",
                   "--requestheader-group-headers=X-Remote-Group",
                   "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                   f"--proxy-client-cert-file={pki}/aggregator.crt",
                   f"--proxy-client-key-file={pki}/aggregator.key")
        until("API server", lambda: self.kubectl("get", "--raw", "/readyz", check=False) == "ok",
              180, 1)
        as_admin = [f"--{what}={self.kubeconfig}" for what in (
            "kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")]
        node.start("controllers", bin / "kube-controller-manager", *as_admin,
                   "--leader-elect=false", "--bind-address=127.0.0.1",
                   f"--service-account-private-key-file={pki}/accounts.key",
                   f"--root-ca-file={pki}/ca.crt")
        node.start("scheduler", bin / "kube-scheduler", *as_admin, "--leader-elect=false",
                   "--bind-address=127.0.0.1")
        node.start("metrics-server", bin / "metrics-server", *as_admin, "--secure-port=4443",
                   "--kubelet-insecure-tls", "--kubelet-preferred-address-types=InternalIP",
                   "--metric-resolution=15s", f"--cert-dir={self.folder}/metrics-server")

    def _containerd(self, node):
        folder, socket = node.folder, node.folder / "containerd.sock"
        (folder / "cni").mkdir()
        (folder / "cni" / "10-bridge.conflist").write_text(json.dumps({
            "cniVersion": "1.0.0", "name": "pods", "plugins": [
                {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False,
                 "hairpinMode": True, "ipam": {
                     "type": "host-local", "routes": [{"dst": "0.0.0.0/0"}],
                     "ranges": [[{"subnet": f"10.244.{node.number}.0/24"}]]}},
                {"type": "portmap", "capabilities": {"portMappings": True}}]}))
        (folder / "containerd.toml").write_text(f"""
version = 2
root = "{folder}/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:test"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{HERE}/runc.sh"
""")
        node.start("containerd", "containerd", "--config", folder / "containerd.toml")
        until("containerd", socket.exists, 60)
        for image in sorted(self.images.glob("*.tar")):
            self.containers(node, "images", "import", image)

    @staticmethod
    def containers(node, *arguments):
        """Returns what containerd's own client printed."""
        return node.run("ctr", "-a", node.folder / "containerd.sock", "-n", "k8s.io", *arguments,
                        inside=True).stdout

    def _kubelet(self, node):
        node.make_cgroups()
        (node.folder / "resolv.conf").write_text("search invalid\n")
        (node.folder / "kubelet.yaml").write_text(json.dumps({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "address": node.address, "authorization": {"mode": "AlwaysAllow"},
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{node.cgroup}", "failSwapOn": False,
            "clusterDNS": [NAME_SERVER], "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{node.folder}/containerd.sock",
            "resolvConf": str(node.folder / "resolv.conf"),
            "volumePluginDir": "/var/lib/kubelet/plugins", "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "200Mi"}}))
        node.start("kubelet", self.programs / "kubelet", f"--config={node.folder}/kubelet.yaml",
                   f"--kubeconfig={self.kubeconfig}", f"--hostname-override={node.name}",
                   f"--node-ip={node.address}")
        node.start("proxy", self.programs / "kube-proxy", f"--kubeconfig={self.kubeconfig}",
                   f"--hostname-override={node.name}", "--proxy-mode=iptables",
                   f"--cluster-cidr={CLUSTER_ADDRESSES}", "--conntrack-max-per-core=0",
                   "--conntrack-min=0", "--conntrack-tcp-timeout-established=0",
                   "--conntrack-tcp-timeout-close-wait=0")
        until(f"node {node.name}", lambda: self.kubectl(
            "get", "node", node.name, "-o", "name", "--ignore-not-found"), 60, 0.5)
        addresses = f"10.244.{node.number}.0/24"
        self.kubectl("patch", "node", node.name, "-p", json.dumps(
            {"spec": {"podCIDR": addresses, "podCIDRs": [addresses]}}))
        node.start("policies", self.programs / "kube-router", f"--kubeconfig={self.kubeconfig}",
                   f"--hostname-override={node.name}", "--run-firewall=true", "--run-router=false",
                   "--run-service-proxy=false", f"--service-cluster-ip-range={SERVICES}")
