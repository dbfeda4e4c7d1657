#!/bin/sh
# What a container of Errand's own starts with: what a machine has by itself, and then what `npm start` does.
set -eu
project=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${ERRAND_ROLE:-}" = worker ]; then
  # An engine that has its id here would be another one after each update, and its runs nobody's.
  mkdir -p "$ERRAND_DATA_DIR/engine"
  rm -rf /etc/docker
  ln -s "$ERRAND_DATA_DIR/engine" /etc/docker
  # In control groups of the second version, one that has processes shares out nothing: those of ours go into one of their own.
  cd /sys/fs/cgroup
  if [ -e cgroup.controllers ] && [ -w cgroup.subtree_control ]; then
    mkdir -p errand
    for pid in $(cat cgroup.procs); do echo "$pid" >errand/cgroup.procs 2>/dev/null || :; done
    for controller in $(cat cgroup.controllers); do echo "+$controller" >cgroup.subtree_control 2>/dev/null || :; done
  fi
fi
cd "$project"
sh src/setup/prepare.sh start
exec node_modules/.bin/node src/main.ts
