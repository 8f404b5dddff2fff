# Sourced by the demos: a Docker engine, found or started; a container of it, asked for its page.

PATH="$PATH:/usr/sbin:/sbin"
own_engine=
container=

# What the demo started ends with it, unless it is to be kept ($keep).
end_demo() {
  if [ -n "$container" ] && [ -z "$keep" ]; then docker rm -f "$container" >/dev/null 2>&1 || true; fi
  if [ -n "$own_engine" ] && [ -z "$keep" ]; then script/lib/engine stop "$own_engine"; fi
}
trap end_demo EXIT

# Whether an engine answers, if need be one of our own. Sets DOCKER_HOST for that one.
find_engine() {
  has docker || return 1
  docker version >/dev/null 2>&1 && return
  if [ "$(id -u)" != 0 ] || ! has dockerd || ! has ip; then return 1; fi
  say "no Docker engine answers: starting one for this demo"
  own_engine=$(script/lib/engine start) || return 1
  export DOCKER_HOST="unix://$own_engine/docker.sock"
}

# Runs the image and fetches its page.
try_image() {
  local image=$1 address
  say "docker run --rm -p 127.0.0.1::8000 $image"
  container=$(docker run -d --rm -p 127.0.0.1::8000 "$image")
  address=$(docker port "$container" 8000/tcp | sed -n 1p)
  node - "http://$address" <<'SCRIPT' || { docker logs "$container" >&2; fail "the server does not answer"; }
const { setTimeout: delay } = require("node:timers/promises");
const [, , address] = process.argv;
(async () => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const ready = await fetch(`${address}/readyz`).catch(() => undefined);
    if (ready?.ok) break;
    await delay(100);
  }
  const page = await (await fetch(address)).text();
  console.log(`${address}/ answers: ${/<title>.*?<\/title>/.exec(page)[0]}, ${page.length} characters`);
})();
SCRIPT
  container_address=$address
}

say_what_is_kept() {
  [ -n "$keep" ] || return 0
  say "it is still running at http://$container_address/; docker rm -f $container ends it"
  [ -z "$own_engine" ] || say "its engine: export DOCKER_HOST=$DOCKER_HOST; script/lib/engine stop $own_engine ends it"
}
