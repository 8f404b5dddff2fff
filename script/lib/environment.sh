# Sourced by the scripts in script/: where we are, which Node.js, how Nix is called.

set -euo pipefail

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
export PATH="$root/node_modules/.bin:$PATH"

# Flakes work without a configuration file, and nothing is fetched that the machine can make.
# Settings of the caller's own come last, so they win.
export NIX_CONFIG="experimental-features = nix-command flakes
substitute = ${VARVE_NIX_SUBSTITUTE:-false}
sandbox = false
$([ "$(id -u)" = 0 ] && ! getent group nixbld >/dev/null && echo 'build-users-group =')
${NIX_CONFIG:-}"

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
