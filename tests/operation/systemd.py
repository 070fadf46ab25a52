"""The service unit under a systemd of its own, as process 1 of namespaces of its own.

    systemd.py PROGRAM

Ends with 77, "skipped", where that cannot be: without root, systemd, or a hierarchy of cgroups.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from gateway import GatewayProcess
from cos_payload import payload
from eventbus import Eventbus
from waiting import environment, until

PROGRAM = os.path.abspath(sys.argv.pop(1))
UNIT = pathlib.Path(__file__).parents[2] / "deploy" / "systemd" / "cos-gateway.service"
MANAGER = "/lib/systemd/systemd"
SERVICE = "cos-gateway.service"
WATCHDOG = 3  # seconds

# Process 1 of the namespaces. Mounts are private to it; /run is where everything of it lies.
INIT = """
set -eu
mount --make-rshared /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/systemd
mount -t tmpfs tmpfs /var/lib
while umount -R /sys/fs/cgroup 2>/dev/null; do :; done
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/units /run/program
cp {folder}/units/* /run/units/
cp {program} /run/program/cos-gateway
chmod 755 /run/program /run/program/cos-gateway
exec env -i PATH="$PATH" container=other SYSTEMD_UNIT_PATH=/run/units {manager} --system \\
  --unit=basic.target --show-status=no
"""
# What the unit needs of a system, without what there is none of here.
TARGETS = ("basic.target", "sysinit.target", "shutdown.target", "network-online.target")
TARGET = "[Unit]\nDescription=A target of the test\nDefaultDependencies=no\n"


def hierarchy():
    """Where the one hierarchy of cgroups is mounted, or None."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, path, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(path)
    return None


class Manager:
    """systemd, started. `call` runs a program in its namespaces."""

    def __init__(self, folder, unit):
        self.folder = folder
        units = folder / "units"
        units.mkdir()
        for target in TARGETS:
            (units / target).write_text(TARGET)
        (units / SERVICE).write_text(unit)
        self.group = pathlib.Path(tempfile.mkdtemp(prefix="cos-gateway-test-", dir=hierarchy()))
        script = INIT.format(folder=folder, program=PROGRAM, manager=MANAGER)
        self.process = subprocess.Popen(
            ["sh", "-c", f"echo $$ >{self.group}/cgroup.procs; exec unshare --mount --pid --fork --cgroup "
             '--uts --ipc --kill-child sh -c "$0"', script])
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        until("its process 1", lambda: children.read_text())
        self.process_1 = children.read_text().split()[0]
        until("systemd", lambda: self.systemctl("is-active", "basic.target").stdout == "active\n")

    def call(self, *command):
        return subprocess.run(["nsenter", "--target", self.process_1, "--mount", "--pid", "--cgroup",
                               *command], capture_output=True, text=True, timeout=60)

    def systemctl(self, *words):
        return self.call("systemctl", *words)

    def show(self, name):
        return self.systemctl("show", "--value", "--property", name, SERVICE).stdout.strip()

    def end(self):
        self.process.kill()
        self.process.wait()
        until("the end of its processes", self.try_to_remove)

    def try_to_remove(self):
        groups = sorted(self.group.rglob("*/"), reverse=True)
        try:
            for group in [*groups, self.group]:
                if group.is_dir():
                    group.rmdir()
        except OSError:  # a process is still on its way out
            return False
        return True


class SystemdTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cos-gateway-systemd-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.bus = Eventbus()
        self.gateway = GatewayProcess(PROGRAM, self.folder, {  # the manager starts it
            "target": f"http://127.0.0.1:{self.bus.server_port}", "eventbus": "orders",
            "spool": {"path": "/var/lib/cos-gateway/spool"}, "gateway": {"threads": 0}})

    def manager(self, configuration):
        """systemd with the unit as it is, but for paths and times."""
        text = UNIT.read_text().replace("/usr/bin/cos-gateway", "/run/program/cos-gateway")
        text = text.replace("/etc/cos-gateway/", "/run/units/")
        text = re.sub(r"WatchdogSec=\d+", f"WatchdogSec={WATCHDOG}", text)
        text = re.sub(r"RestartSec=\d+", "RestartSec=0", text)
        # A sanitizer's search for leaks needs ptrace, which the unit forbids.
        text += (f"[Service]\nStandardError=append:{self.gateway.log_file}\n"
                 "Environment=ASAN_OPTIONS=detect_leaks=0\n")
        manager = Manager(self.folder, text)
        self.addCleanup(manager.end)
        for name, content in (("config.yml", configuration), ("secret.yml", "{}\n")):
            (self.folder / name).write_text(content)
            manager.call("cp", str(self.folder / name), f"/run/units/{name}")
        return manager

    def post(self):
        done = subprocess.run([PROGRAM, "post", "-", "--url", f"http://127.0.0.1:{self.gateway.port}/",
                               "--set", "target=x", "--set", "eventbus=x", "--set",
                               "function.provision=false"], input=payload("a"), capture_output=True,
                              text=True, env=environment(), timeout=30)
        self.assertIn(done.returncode, (0, 69), done.stderr)

    def test_the_service_as_systemd_sees_it(self):
        manager = self.manager(json.dumps(self.gateway.settings))
        # `start` comes back when posts are taken, and not before.
        started = manager.systemctl("start", SERVICE)
        self.assertEqual(started.returncode, 0, started.stderr + self.gateway.log())
        until("its log", lambda: '"listening"' in self.gateway.log())  # written meanwhile
        self.assertEqual(manager.show("ActiveState"), "active")

        # Its state is what /status says.
        until("its state", lambda: manager.show("StatusText") == "ok")
        self.bus.status, self.bus.text = 404, "no such bus"
        self.post()
        until("the problem", lambda: "answers 404 'no such bus'" in manager.show("StatusText"))
        self.bus.status = 200

        # One that hangs is ended by the watchdog, and started again.
        first = manager.show("MainPID")
        manager.call("kill", "-STOP", first)
        until("the restart", lambda: manager.show("NRestarts") == "1" and
              manager.show("ActiveState") == "active")
        self.assertNotEqual(manager.show("MainPID"), first)

        # One that turns is left alone for longer than the watchdog's time.
        second = manager.show("MainPID")
        time.sleep(WATCHDOG * 2)
        self.assertEqual(manager.show("MainPID"), second)

        stopped = manager.systemctl("stop", SERVICE)
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertEqual(manager.show("Result"), "success")
        self.assertEqual(manager.show("ExecMainStatus"), "0")
        self.assertIn('"stopped"', self.gateway.log())

    def test_a_wrong_configuration_is_not_tried_again(self):
        manager = self.manager("target: [\n")
        self.assertNotEqual(manager.systemctl("start", SERVICE).returncode, 0)
        self.assertEqual(manager.show("ExecMainStatus"), "78")
        self.assertEqual(manager.show("NRestarts"), "0")
        self.assertEqual(manager.show("ActiveState"), "failed")


def can_run():
    tools = all(shutil.which(name) for name in ("unshare", "nsenter", "systemctl"))
    if os.geteuid() != 0 or not tools or not os.path.exists(MANAGER) or hierarchy() is None:
        return False
    return subprocess.run(["unshare", "--mount", "--pid", "--fork", "--cgroup", "true"],
                          stderr=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    signal.alarm(240)
    if not can_run():
        print("systemd: not here", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
