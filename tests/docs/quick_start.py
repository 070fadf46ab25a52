"""Runs the commands of docs/quick-start.md as they stand there, in network namespaces of their own.

    quick_start.py PROGRAM SCRIPTED_CLOUD

What a reader puts in for `<...>` and `xxx` is put in here too. There is no container engine: `docker`
runs the program itself with the files that are mounted. `./dev` does nothing, as the program is built.
A block without a language that follows shows what is printed. Ends with 77, "skipped", without root.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from waiting import environment as inherited  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = {"Kubernetes"}  # tests/deploy looks at that
PLACEHOLDERS = {
    "xxx.cos.<region>": "examplebucket-1250000000.cos.ap-beijing",
    "region: <region>": "region: ap-beijing\n  api: http://127.0.0.1:7000",
    "<address>": "gateway.example.com",
    "35.87.170.130:8080": "127.0.0.1:8081",
    'secret_id: "xxxx"': 'secret_id: "AKIDquick"',
    'secret_key: "xxxxx"': 'secret_key: "a-secret-key"',
}
DOCKER = r"""#!/bin/bash
# docker run, logs, stop: one "container", the program itself.
shopt -s extglob
what=$1; shift
case $what in
  run)
    detached=
    while [[ $1 == -* ]]; do
      case $1 in
        -d) detached=yes ;;
        -v) mounts+=("$2"); shift ;;
        --network | --name) shift ;;
      esac
      shift
    done
    shift  # the image
    for mount in "${mounts[@]}"; do
      case $mount in
        *:/vance/config) export CONNECTOR_CONFIG=${mount%:/vance/config}/config.yml ;;
        *:/vance/secret) export CONNECTOR_SECRET=${mount%:/vance/secret}/secret.yml ;;
      esac
    done
    [[ $detached ]] || exec cos-gateway "$@"
    cos-gateway "$@" >container.log 2>&1 &
    echo $! >container.pid ;;
  logs)  # until provisioning is through; a reader looks as long as that
    timeout 20 bash -c "until grep -q '\"state\":\"ready\"' container.log; do sleep 0.1; done"
    cat container.log ;;
  exec)
    while [[ $1 == -* ]]; do shift; done
    shift  # the container
    export $(tr '\0' '\n' < /proc/$(cat container.pid)/environ | grep ^CONNECTOR_)
    exec "$@" ;;
  stop)
    kill -TERM "$(cat container.pid)"
    tail --pid="$(cat container.pid)" -f /dev/null
    grep -q '"message":"stopped"' container.log ;;
  compose) : ;;
esac
"""
# What stands in front of the commands of each section.
PREPARE = """
set -eu
cd WORK
wait_for() { timeout 20 bash -c "until (: < /dev/tcp/127.0.0.1/$1) 2>/dev/null; do sleep 0.05; done"; }
curl() { for port in 8080 9464; do case "$*" in *localhost:$port*) wait_for $port ;; esac; done; command curl -sS "$@"; }
"""
# Interrupts what would go on for ever, as a reader does with Ctrl-C: once, or it would end at once.
ENDLESS = re.compile(r"^(build/release/bin/cos-gateway --config .*[^&])$", re.M)


def sections(text):
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        yield title, body


def blocks(body):
    """Pairs of the commands of a block and what the block behind it shows, if there is one."""
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```", body, flags=re.M | re.S)
    for (language, text), (after, shown) in zip(found, found[1:] + [("end", "")]):
        if language == "shell":
            yield text, shown if after == "" else ""


def constant(line):
    """What of a line is the same at each run: numbers, ids and times differ."""
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", line)
    line = re.sub(r'"time":"[^"]*",', "", line)
    return re.sub(r"\d+(\.\d+)?", "N", re.sub(r"\s+", " ", line)).strip()


def pattern(line):
    return re.compile(".*".join(re.escape(part) for part in constant(line).split("...")))


def run(title, body, work, environment):
    script, expected = PREPARE.replace("WORK", str(work)), []
    if title.startswith("docker run"):  # the reader has an eventbus
        script += "cos-gateway demo --eventbus-only &\n"
    for commands, shown in blocks(body):
        for placeholder, value in PLACEHOLDERS.items():
            commands = commands.replace(placeholder, value)
        commands = commands.replace("~/", f"{work}/")
        commands = re.sub(r"^\./dev .*$", ":", commands, flags=re.M)
        script += ENDLESS.sub(r"timeout --foreground --preserve-status -s INT 8 \1", commands)
        expected += [line for line in shown.splitlines() if line.strip()]
    script += "\nfor job in $(jobs -p); do kill -TERM $job 2>/dev/null || true; done; wait\n"
    # A section that fails leaves nothing running, which would hold its output open.
    spaces = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run([*spaces, "bash", "-c", "ip link set lo up\n" + environment["CLOUD"]
                           + script], env=environment, cwd=work, text=True, timeout=180,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = [constant(line) for line in done.stdout.splitlines()]
    missing = [line for line in expected if not any(pattern(line).search(it) for it in said)]
    if done.returncode != 0 or missing:
        print(f"FAILED: {title}: exit code {done.returncode}, not printed: {missing}\n{done.stdout}")
        return False
    print(f"ok: {title}: {len(expected)} lines shown")
    return True


def main(program, cloud):
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("curl"):
        print("quick start: needs root, ip and curl", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory(prefix="cos-gateway-quick-start-") as folder:
        work = pathlib.Path(folder)
        (work / "bin").mkdir()
        (work / "bin/docker").write_text(DOCKER)
        (work / "bin/docker").chmod(0o755)
        (work / "bin/cos-gateway").symlink_to(pathlib.Path(program).resolve())
        (work / "build/release").mkdir(parents=True)
        (work / "build/release/bin").symlink_to(work / "bin")
        for name in ("tests", "deploy"):
            (work / name).symlink_to(ROOT / name)
        serve = (f"sleep infinity | {pathlib.Path(cloud).resolve()} --port 7000"
                 " --secret-id AKIDquick --secret-key a-secret-key >/dev/null &\n")
        environment = inherited(PATH=f"{work}/bin:{os.environ['PATH']}", PWD=folder, CLOUD=serve)
        text = (ROOT / "docs/quick-start.md").read_text()
        good = [run(title, body, work, environment) for title, body in sections(text)
                if title not in SKIPPED and any(blocks(body))]
        return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
