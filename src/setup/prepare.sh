#!/bin/sh
# Makes this folder ready to run: sh src/setup/prepare.sh start|test|packages
# Plain sh, for nothing else is there in a fresh clone; once the packages are, prepare.ts goes on.
set -eu
cd "$(dirname "$0")/../.."
data=${ERRAND_DATA_DIR:-$PWD/.errand}
log=$data/logs/setup.log

fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# A start as root leaves what a normal user can't write to.
for place in "$data" "$data/logs" "$data/setup.lock" "$log"; do
  if [ -e "$place" ] && [ ! -w "$place" ]; then
    owner=$(ls -ld "$place" | awk '{ print $3 }')
    fail "Errand keeps its data in $data, and you may not write to $place, which is $owner's.
Start Errand as $owner again, or set ERRAND_DATA_DIR to a folder of your own."
  fi
done
mkdir -p "$data/logs"

# One set-up at a time: two would install, build and start the same things at once.
exec 9>"$data/setup.lock"
if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
  echo "Waiting for another set-up of this folder …"
  flock 9
fi

stamp=node_modules/.errand-stamp
wanted="$(cat package.json package-lock.json | cksum) $(uname -sm)"
stale() { [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || [ ! -x node_modules/.bin/node ]; }
if stale; then
  # The packages are this folder's, whatever data folder it works on.
  mkdir -p .errand
  exec 8>.errand/packages.lock
  if command -v flock >/dev/null 2>&1; then flock 8; fi
fi
if stale; then
  node -e 'process.exit(Number.parseInt(process.versions.node, 10) < 20 ? 1 : 0)' ||
    fail "Errand starts with Node 20 or newer (it brings its own for the rest); this is $(node --version)."
  echo "Installing npm packages …"
  # Of all the packages only `node` needs its install script (it fetches Node itself); npm 10 would run every one of them.
  # `npm ci` refuses a lock file when a registry lacks other platforms' optional packages; this installs what it locks, too.
  if ! { npm install --no-save --ignore-scripts && npm rebuild node; } >>"$log" 2>&1 8>&- 9>&-; then
    tail -n 15 "$log" >&2
    fail "npm could not install the packages. Can this machine reach the npm registry? All of npm's output is in $log."
  fi
  [ -x node_modules/.bin/node ] || fail "npm installed the packages without Node 24 (node_modules/.bin/node). See $log."
  printf '%s\n' "$wanted" >"$stamp"
fi
exec 8>&-

[ "$1" = packages ] || node_modules/.bin/node src/setup/prepare.ts "$1" 9>&-
