# Programs that bring an image somewhere without it being in the store. Results, digest references, go to standard
# output:
#
#   nix run .#image.push -- registry.example/team/app:1.0
#   nix run .#image.copyTo -- oci:images:app
{
  lib,
  varve,
  writeShellScriptBin,
}:

{ baseName, conf }:

let
  varveProgram = "${varve}/bin/varve";
in
{
  # Where to is the first argument; without one, it is where the image's name says. Options of `varve push` follow.
  push = writeShellScriptBin "push-${baseName}" ''
    names=()
    if [ $# -gt 0 ] && [ "''${1#-}" = "$1" ]; then
      names=(-t "''${1#docker://}")
      shift
    fi
    exec ${varveProgram} push --conf ${conf} "''${names[@]}" "$@"
  '';

  # Places are named as by skopeo.
  copyTo = writeShellScriptBin "copy-${baseName}" ''
    usage() {
      echo "varve: $1" >&2
      echo "hint: give docker://REGISTRY/NAME:TAG, oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE," \
        "docker-daemon:NAME:TAG, containers-storage:NAME:TAG or dir:DIR" >&2
      exit 2
    }
    [ $# -gt 0 ] || usage "copyTo needs to know where the image goes"
    place=$1
    shift
    case $place in
    docker://*) exec ${varveProgram} push --conf ${conf} -t "''${place#docker://}" "$@" ;;
    docker-daemon:*) exec ${varveProgram} load --conf ${conf} -t "''${place#docker-daemon:}" "$@" ;;
    dir:*)
      # Through a layout, by skopeo, whose form it is.
      layout=$(mktemp -d)
      trap 'rm -rf "$layout"' EXIT
      ${varveProgram} build --conf ${conf} -o "oci:$layout/image" "$@" > "$layout/digest"
      skopeo --insecure-policy copy --quiet "oci:$layout/image" "$place"
      sed "s|^.*@|$place@|" "$layout/digest"
      ;;
    oci:* | oci-archive:* | docker-archive:*) exec ${varveProgram} build --conf ${conf} -o "$place" "$@" ;;
    containers-storage:*)
      set -o pipefail
      ${varveProgram} stream --conf ${conf} -t "''${place#containers-storage:}" "$@" | podman load
      ;;
    *) usage "there is no way to $place" ;;
    esac
  '';
}
