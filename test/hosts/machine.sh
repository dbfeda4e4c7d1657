#!/bin/sh
# One machine: the first process of a PID namespace, in namespaces of its own for network, mounts and name. Whoever ends it has
# cut the power: all that runs here, sandboxes included, dies with it.
#   machine.sh NAME FOLDER NUMBER START
set -eu
name=$1 folder=$2 number=$3 start=$4
hostname "$name"
# An engine takes its id from here, and each machine has its own.
mkdir -p "$folder/etc-docker" "$folder/docker"
mount --bind "$folder/etc-docker" /etc/docker
ip link set lo up
ip link show host0 >/dev/null 2>&1 || {
  ip link add host0 type bridge
  ip address add "172.31.$number.1/24" dev host0
}
rm -f "$folder/docker.pid" "$folder/docker.sock"
dockerd --host "unix://$folder/docker.sock" --data-root "$folder/docker" --exec-root "$folder/exec" \
  --pidfile "$folder/docker.pid" --bridge host0 --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
  --cgroup-parent "$start" --log-level warn >>"$folder/dockerd.log" 2>&1 &
until docker --host "unix://$folder/docker.sock" info >/dev/null 2>&1; do sleep 0.2; done
[ -z "${IMAGE_FILE:-}" ] || [ -e "$folder/loaded" ] || {
  docker --host "unix://$folder/docker.sock" load --quiet --input "$IMAGE_FILE" >/dev/null
  touch "$folder/loaded"
}
unset IMAGE_FILE
cd "$PROJECT"
node_modules/.bin/node src/setup/prepare.ts start >>"$folder/errand.log" 2>&1
node_modules/.bin/node src/main.ts >>"$folder/errand.log" 2>&1 &
wait
