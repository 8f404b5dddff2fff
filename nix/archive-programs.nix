# What comes with an image that is an archive in the store: the programs and OCI forms that streamed images have, too.
{
  lib,
  runCommand,
  varve,
  compressors,
  writeShellScriptBin,
}:

# archive: the image's store path; fullName: the name that it has in there.
{
  baseName,
  archive,
  fullName,
}:

let
  varveProgram = "${varve}/bin/varve";

  output =
    kind: suffix:
    lib.makeOverridable (
      {
        compressor ? "gz",
        compressionLevel ? null,
      }:
      let
        chosen =
          compressors.${compressor}
            or (throw "varve: image '${baseName}': compressor '${compressor}' is not one of ${lib.concatStringsSep ", " (builtins.attrNames compressors)}");
        level = lib.optionalString (
          compressionLevel != null
        ) "--compression-level ${toString compressionLevel}";
      in
      runCommand "${baseName}${suffix}"
        {
          source = "docker-archive:${archive}";
          inherit fullName;
          nativeBuildInputs = [ varve ];
          passthru.imageFormat = kind;
        }
        ''
          export XDG_CACHE_HOME=$PWD/cache
          varve copy "$source" "${kind}:$out:$fullName" --compression ${chosen.codec} ${level} >&2
        ''
    ) { };
in
{
  load = writeShellScriptBin "load-${baseName}" ''
    exec ${varveProgram} load ${archive} "$@"
  '';

  # Where to is the first argument; without one, it is where the image's name says.
  push = writeShellScriptBin "push-${baseName}" ''
    place=${lib.escapeShellArg fullName}
    if [ $# -gt 0 ] && [ "''${1#-}" = "$1" ]; then
      place=''${1#docker://}
      shift
    fi
    exec ${varveProgram} push ${archive} -t "$place" "$@"
  '';

  # Places are named as by skopeo.
  copyTo = writeShellScriptBin "copy-${baseName}" ''
    case ''${1-} in
    containers-storage:*)
      echo "varve: there is no way to $1" >&2
      echo "hint: podman load -i ${archive}" >&2
      exit 2
      ;;
    esac
    exec ${varveProgram} copy docker-archive:${archive} "$@"
  '';

  ociLayout = output "oci" "-oci";
  ociArchive = output "oci-archive" "-oci.tar";
}
