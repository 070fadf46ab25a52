#!/usr/bin/env bash
# The original connector's documented quick start, run against an image: two YAML files written as
# its README writes them, one `docker run`, one post, one CloudEvent, `docker stop`. The container
# gets as little as it needs: a read-only root file system, no capabilities, no new privileges. And
# what the image promises of itself: its size, its user, its health check, no shell.
#
#   tests/image/quick_start.sh [IMAGE]      IMAGE: cos-gateway unless given; ports 8080 and 9464
#                                           must be free, as the container uses the host's network
#
# python3 plays the eventbus and the client: a receiver that keeps a request byte for byte is not
# to be had from nc, whose variants differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
image=${1:-cos-gateway}
payload=tests/data/01-doc-current-created-star.json
name=cos-gateway-quick-start-$$
host=eventbus.quick-start.test  # in the container's /etc/hosts
work=$(mktemp -d)
receiver=

clean() {
  docker rm -f "$name" >/dev/null 2>&1 || true
  docker volume rm -f "$name" >/dev/null 2>&1 || true
  [[ -z $receiver ]] || kill "$receiver" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
fail() {
  echo "quick start: $*" >&2
  docker logs "$name" >&2 2>/dev/null || true
  exit 1
}
eventually() {  # COMMAND [ARGUMENT...]: until it succeeds, for 20 s at most
  local -r end=$((SECONDS + 20))
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}
passed() { printf '  %s\n' "$*"; }
of_image() { docker image inspect -f "$1" "$image"; }

echo "quick start: $image"
docker image inspect "$image" >/dev/null || fail "no image $image; ./dev image builds it"

# The image at rest.
bytes=$(of_image '{{.Size}}')
((bytes < 40000000)) || fail "$bytes bytes are not under 40 MB"
passed "size $((bytes / 1000)) kB"
[[ $(of_image '{{.Config.User}}') == 65532:65532 ]] || fail "user $(of_image '{{.Config.User}}')"
for label in title description licenses source version revision created; do
  key=org.opencontainers.image.$label
  of_image '{{json .Config.Labels}}' | grep -q "\"$key\":" || fail "no label $key"
done
for shell in /bin/sh /bin/bash /usr/bin/dash /bin/busybox; do
  if docker run --rm --network none --entrypoint "$shell" "$image" -c true >/dev/null 2>&1; then
    fail "$shell runs"
  fi
done
docker create --name "$name" "$image" >/dev/null
docker export "$name" | tar -tv >"$work/files"
docker rm "$name" >/dev/null
# Without libraries, and without what docker itself puts into every container.
programs=$(awk '$1 ~ /^-..x/ { print $6 }' "$work/files" |
  grep -v -E '\.so[.0-9]*$|^(\.dockerenv|dev/console|etc/(hostname|hosts|resolv\.conf))$')
[[ $programs == usr/bin/cos-gateway ]] || fail "programs besides the gateway: $programs"
passed "no shell, no package manager: the one program is $programs"

cat >"$work/eventbus.py" <<'PYTHON'
# Answers 200 to everything; keeps the last request's head as JSON and its body as it came.
import http.server, json, sys

directory = sys.argv[1]

class Eventbus(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(directory + "/body", "wb") as file:
            file.write(body)
        with open(directory + "/head.json", "w") as file:
            json.dump({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}}, file)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Eventbus)
with open(directory + "/port", "w") as file:
    file.write(str(server.server_port) + "\n")
server.serve_forever()
PYTHON
python3 "$work/eventbus.py" "$work" &
receiver=$!
eventually test -s "$work/port" || fail "no receiver"

mkdir "$work/vance"
cat <<YAML >"$work/vance/config.yml"
target: "$host:$(cat "$work/port")"
eventbus: "quick-start"
bucket:
  endpoint: "testpic-1253970026.cos.ap-chengdu.myqcloud.com"
function:
  region: ap-chengdu
  provision: false
gateway:
  auth: none
spool:
  path: /var/lib/cos-gateway/spool.db
YAML
cat <<YAML >"$work/vance/secret.yml"
secret_id: "xxxx"
secret_key: "xxxxx"
YAML
chmod -R a+rX "$work"

docker run -d --rm --network host -v "$work/vance:/vance/config" -v "$work/vance:/vance/secret" \
  --read-only --cap-drop ALL --security-opt no-new-privileges -v "$name:/var/lib/cos-gateway" \
  --add-host "$host:127.0.0.1" --health-interval 1s --name "$name" "$image" >/dev/null
# Collected now, as --rm leaves nothing to ask afterwards.
docker wait "$name" >"$work/exit_code" &
waiter=$!

is_ready() {
  python3 -c 'import urllib.request as r; r.urlopen("http://127.0.0.1:9464/readyz", timeout=2)' \
    2>/dev/null
}
eventually is_ready || fail "the gateway did not become ready"

cat >"$work/client.py" <<'PYTHON'
# Posts the payload, checks answer and event.
import json, re, sys, urllib.request

directory, payload_path = sys.argv[1:]
payload = open(payload_path, "rb").read()
request = urllib.request.Request("http://127.0.0.1:8080/", payload,
                                 {"Content-Type": "application/json"})
answer = json.load(urllib.request.urlopen(request, timeout=10))
assert answer == {"records": 1}, answer

head = json.load(open(directory + "/head.json"))
assert head["path"] == "/gateway/quick-start", head
assert head["content-type"] == "application/json", head
assert head["ce-specversion"] == "1.0", head
assert head["ce-type"] == "tencent-cloud-cos-event", head
assert re.fullmatch(r"vanus-cos-source-function-\d+", head["ce-source"]), head
assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", head["ce-id"]), head
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", head["ce-time"]), head

# The record: from the first brace inside the array to the last one before its end.
begin = payload.index(b"{", payload.index(b"["))
end = payload.rindex(b"}", 0, payload.rindex(b"]")) + 1
body = open(directory + "/body", "rb").read()
assert body == payload[begin:end], "the record was altered:\n" + body.decode()
PYTHON
python3 "$work/client.py" "$work" "$payload" || fail "see above"
passed "event posted, CloudEvent received by $host"

# As the kernel sees the process; where the engine is on another machine, it cannot be asked.
pid=$(docker inspect -f '{{.State.Pid}}' "$name")
if grep -qs cos-gateway "/proc/$pid/comm"; then
  grep -q -P '^Uid:(\t65532){4}$' "/proc/$pid/status" || fail "not user 65532"
  grep -q -P '^CapEff:\t0+$' "/proc/$pid/status" || fail "it has capabilities"
  passed "user 65532, no capabilities, root file system read-only"
fi
docker exec "$name" /usr/bin/cos-gateway inspect --spool >/dev/null || fail "its volume has no spool"
passed "spool in a new volume"

health() { docker inspect -f '{{.State.Health.Status}}' "$name"; }
is_healthy() { [[ $(health) == healthy ]]; }
eventually is_healthy || fail "health: $(health)"
passed "health: healthy"

begin=$EPOCHREALTIME
docker stop "$name" >/dev/null
wait "$waiter"
took=$(((${EPOCHREALTIME/[.,]/} - ${begin/[.,]/}) / 1000))
[[ $(cat "$work/exit_code") == 0 ]] || fail "docker stop: exit code $(cat "$work/exit_code")"
((took < 10000)) || fail "docker stop took $took ms"
passed "docker stop: exit code 0 after $took ms"
echo "quick start: passed ($image)"
