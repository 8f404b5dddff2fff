# Nix 2.8 names places outside of its sandbox.
if [ -n "${NIX_ATTRS_SH_FILE:-}" ] && ! [ -e "$NIX_ATTRS_SH_FILE" ]; then
  export NIX_ATTRS_SH_FILE=$NIX_BUILD_TOP/.attrs.sh NIX_ATTRS_JSON_FILE=$NIX_BUILD_TOP/.attrs.json
fi
if [ -n "${NIX_ATTRS_SH_FILE:-}" ]; then source "$NIX_ATTRS_SH_FILE"; fi
source "$stdenv/setup"
genericBuild
