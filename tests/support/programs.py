"""Programs of others that a test needs."""
import glob
import os
import shutil
import subprocess


class Missing(Exception):
    """What is needed cannot be had here."""


def need(program):
    """Returns where a program is that has to be in the path, or where administrators have theirs."""
    found = shutil.which(program, path=os.environ.get("PATH", "")
                         + ":/usr/sbin:/usr/local/sbin:/usr/local/go/bin")
    if not found:
        raise Missing(f"no {program}")
    return found


def unpacked(folder, program, *packages):
    """Returns where a program is: in the path, or in Debian's packages, unpacked into `folder`."""
    try:
        return need(program)
    except Missing:
        root = os.path.abspath(os.path.join(folder, program))
    there = f"{root}/usr/*bin/{program}"
    if not glob.glob(there):
        os.makedirs(root, exist_ok=True)
        for package in packages:  # not every release has all of them
            subprocess.run(["apt-get", "download", package], cwd=root, check=False, timeout=120,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for file in glob.glob(f"{root}/*.deb"):
            subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    for found in glob.glob(there):
        return found
    raise Missing(f"no {program}, and apt-get download does not give it")
