#!/usr/bin/env python3
"""Checks what schemas cannot: that the rendered Kubernetes objects fit each other.

    rendered.py FILE             one rendered set of manifests
    rendered.py --left A B       prints, one to a line, the kind/name of A that B does not have: what
                                 stays behind where B is applied over A

Needs PyYAML. Prints a line for each problem and ends with 1.
"""
import ipaddress
import sys

import yaml

WORKLOADS = ("Deployment", "StatefulSet")
# The gateway's own waits, in seconds, unless the configuration sets them.
DRAIN_DELAY = 3
GRACE = 30


def load(path):
    with open(path, encoding="utf-8") as file:
        return [one for one in yaml.safe_load_all(file) if one]


def names(objects):
    return {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects}


def selects(selector, labels):
    """Returns whether a label selector matches; an empty one matches everything."""
    for expression in selector.get("matchExpressions", []):
        raise ValueError(f"matchExpressions are not understood here: {expression}")
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


class Peer:
    """One end of a connection: a pod with its labels, or an address outside of the cluster."""

    def __init__(self, address, labels=None, namespace=None, own_namespace=False):
        self.address = ipaddress.ip_address(address)
        self.labels, self.namespace, self.own_namespace = labels, namespace or {}, own_namespace

    def matched_by(self, peer):
        if "ipBlock" in peer:
            # Not for pods: some network plugins never let an address block match a pod.
            block = peer["ipBlock"]
            if self.labels is not None:
                return False
            inside = lambda text: (net := ipaddress.ip_network(text)).version == \
                self.address.version and self.address in net
            return inside(block["cidr"]) and not any(inside(one) for one in block.get("except", []))
        if self.labels is None:
            return False
        if "namespaceSelector" in peer:
            if not selects(peer["namespaceSelector"], self.namespace):
                return False
        elif not self.own_namespace:
            return False
        return selects(peer.get("podSelector", {}), self.labels)


def allowed(rules, direction, peer, port, protocol, named_ports):
    for rule in rules:
        ports = rule.get("ports")
        if ports is not None and not any(
            one.get("protocol", "TCP") == protocol
            and (number := named_ports.get(one["port"], one["port"])) <= port
            <= one.get("endPort", number)
            for one in ports
        ):
            continue
        peers = rule.get(direction)
        if peers is None or any(peer.matched_by(one) for one in peers):
            return True
    return False


def check_policy(policy, named_ports):
    monitoring = {"cos-gateway/monitoring": "true"}
    egress = [
        # what, peer, port, protocol, allowed
        ("CoreDNS", Peer("10.1.0.3", {"k8s-app": "kube-dns"}), 53, "UDP", True),
        ("CoreDNS", Peer("10.1.0.3", {"k8s-app": "kube-dns"}), 53, "TCP", True),
        ("DNS pods under another label", Peer("10.1.0.4", {"app": "coredns"}), 53, "UDP", True),
        ("OpenShift's DNS pods", Peer("10.1.0.5", {"dns": "default"}), 5353, "UDP", True),
        ("NodeLocal DNSCache", Peer("169.254.20.10"), 53, "UDP", True),
        ("a resolver outside", Peer("192.0.2.53"), 53, "UDP", True),
        ("a resolver outside, IPv6", Peer("2001:db8::53"), 53, "UDP", True),
        ("an eventbus pod", Peer("10.1.0.6", {"app": "vanus"}), 8080, "TCP", True),
        ("an eventbus pod of the namespace",
         Peer("10.1.0.6", {"app": "vanus"}, own_namespace=True), 8080, "TCP", True),
        ("an eventbus outside", Peer("192.0.2.7"), 443, "TCP", True),
        ("an eventbus outside, IPv6", Peer("2001:db8::7"), 443, "TCP", True),
        ("the node's metadata service", Peer("169.254.169.254"), 80, "TCP", False),
        ("other UDP", Peer("192.0.2.7"), 443, "UDP", False),
    ]
    ingress = [
        ("posts from outside", Peer("192.0.2.8"), 8080, "TCP", True),
        ("posts of a pod", Peer("10.1.0.9", {"app": "ingress"}), 8080, "TCP", True),
        ("Prometheus in a namespace that monitors",
         Peer("10.1.0.10", {"app": "prometheus"}, monitoring), 9464, "TCP", True),
        ("the admin port from any other pod", Peer("10.1.0.11", {"app": "x"}), 9464, "TCP", False),
        ("the admin port from outside", Peer("192.0.2.8"), 9464, "TCP", False),
    ]
    spec = policy["spec"]
    for rules, direction, cases in ((spec["egress"], "to", egress), (spec["ingress"], "from", ingress)):
        for what, peer, port, protocol, right in cases:
            if allowed(rules, direction, peer, port, protocol, named_ports) != right:
                yield f"NetworkPolicy: {what} ({protocol} {port}) must be {'let through' if right else 'refused'}"


def check(objects):
    by_kind = lambda *kinds: [one for one in objects if one["kind"] in kinds]
    workloads = by_kind(*WORKLOADS)
    if len(workloads) != 1:
        yield f"{len(workloads)} workloads, not one"
        return
    workload = workloads[0]
    template = workload["spec"]["template"]
    labels, pod = template["metadata"]["labels"], template["spec"]
    container = pod["containers"][0]
    named_ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    foreign = {"app.kubernetes.io/name": "something-else"}

    selectors = [(workload["kind"], workload["spec"]["selector"])]
    selectors += [("Service", {"matchLabels": one["spec"].get("selector", {})})
                  for one in by_kind("Service")]
    selectors += [("PodDisruptionBudget", one["spec"]["selector"])
                  for one in by_kind("PodDisruptionBudget")]
    selectors += [("NetworkPolicy", one["spec"]["podSelector"]) for one in by_kind("NetworkPolicy")]
    selectors += [("PodMonitor", one["spec"]["selector"]) for one in by_kind("PodMonitor")]
    selectors += [("topologySpreadConstraints", one["labelSelector"])
                  for one in pod["topologySpreadConstraints"]]
    for what, selector in selectors:
        if not selects(selector, labels):
            yield f"{what}: its selector does not match the gateway's pods"
        if selects(selector, foreign):
            yield f"{what}: its selector matches other pods of the namespace"

    for one in pod["topologySpreadConstraints"]:
        if "pod-template-hash" not in one.get("matchLabelKeys", []):
            yield f"topologySpreadConstraints, {one['topologyKey']}: the pods that go would count"

    for policy in by_kind("NetworkPolicy"):
        yield from check_policy(policy, named_ports)

    for service in by_kind("Service"):
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in named_ports:
                yield f"Service: the pods have no port {port['targetPort']}"

    for scaler in by_kind("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) != (workload["kind"], workload["metadata"]["name"]):
            yield "HorizontalPodAutoscaler: it scales something else"
        # The chart looks the figure up in the cluster.
        if "replicas" in workload["spec"] and "helm.sh/chart" not in workload["metadata"]["labels"]:
            yield "replicas: applying the manifest again would undo the HorizontalPodAutoscaler"
    if workload["kind"] == "StatefulSet" and by_kind("HorizontalPodAutoscaler"):
        yield "HorizontalPodAutoscaler: it would leave the events of a replica that it takes away"

    config = yaml.safe_load(next(
        one["data"]["config.yml"] for one in by_kind("ConfigMap") if "config.yml" in one["data"]))
    seconds = lambda text: int(str(text).removesuffix("s"))
    waits = config.get("gateway", {})
    needed = seconds(waits.get("drain_delay", DRAIN_DELAY)) + seconds(waits.get("grace", GRACE)) + \
        container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    if pod["terminationGracePeriodSeconds"] <= needed:
        yield f"terminationGracePeriodSeconds: a stop may take {needed} s"
    # The resolver's default lets a post wait 5 s and more for each packet that is lost.
    resolver = {one["name"]: int(one["value"])
                for one in pod.get("dnsConfig", {}).get("options", [])}
    if resolver.get("timeout", 5) * resolver.get("attempts", 2) > 3:
        yield "dnsConfig: an unanswered question for a name is given up after 3 s at the latest"
    if container.get("imagePullPolicy") != "IfNotPresent":
        yield "imagePullPolicy: an image that was loaded into the nodes would be pulled"
    if config.get("function", {}).get("on_stop") != "keep":
        yield "function.on_stop: the replicas that remain need the function"


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--left":
        print("\n".join(sorted(names(load(sys.argv[2])) - names(load(sys.argv[3])))))
        return 0
    problems = list(check(load(sys.argv[1])))
    for one in problems:
        print(f"{sys.argv[1]}: {one}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
