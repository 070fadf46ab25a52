#!/usr/bin/env python3
"""The eventbus behind networks as they are: dead addresses, hosts that hang, connections that the way
has forgotten, name servers that fail. Each world is a test of its own, in network and mount namespaces
of its own.

worlds.py PROGRAM [WORLD...]: exits with 1 if a bound is missed, with 77 where there is no root.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

import address_worlds
import name_worlds
import silence_worlds
from parties import shell
from programs import Missing

WORLDS = {world.__name__: world
          for worlds in (address_worlds, name_worlds, silence_worlds) for world in worlds.WORLDS}
# They wait most of the time.
AT_A_TIME = 4
ETC = {"hosts": "127.0.0.1 localhost\n",
       "nsswitch.conf": "hosts: files dns\n",
       "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"}


def inside(program, world):
    shell("ip link set lo up")
    folder = tempfile.mkdtemp()
    for file, text in ETC.items():
        with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
            out.write(text)
        shell(f"mount --bind {folder}/{file} $(realpath /etc/{file})")
    try:
        WORLDS[world](program)
    except Missing as why:
        print(f"  skipped: {why}")


def run(program, world):
    """Returns whether all was as it should be, and what the world has printed."""
    done = subprocess.run(
        ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", sys.executable, "-B",
         sys.argv[0], program], env={**os.environ, "COS_GATEWAY_WORLD": world}, check=False,
        timeout=120, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0, done.stdout


def main():
    program, *wanted = sys.argv[1:]
    if os.environ.get("COS_GATEWAY_WORLD"):
        inside(program, os.environ["COS_GATEWAY_WORLD"])
        return 0
    usable = os.geteuid() == 0 and subprocess.run(
        ["unshare", "-n", "-m", "ip", "link", "add", "type", "veth"], stderr=subprocess.DEVNULL,
        check=False).returncode == 0
    if not usable:
        print("skipped: needs root, network namespaces and the command ip")
        return 77
    failed = []
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as threads:
        runs = {world: threads.submit(run, program, world) for world in wanted or WORLDS}
        for world, one in runs.items():
            good, said = one.result()
            print(f"{world}\n{said}", flush=True)
            if not good:
                failed.append(world)
    print("failed: " + ", ".join(failed) if failed else "all worlds as they should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
