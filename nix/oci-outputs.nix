# An image in OCI's own forms, as store paths: a layout, that is a folder of blobs, and an archive of one. Layers are
# compressed with fixed digests, the same that a push makes.
{
  lib,
  runCommand,
  varve,
  compressors,
}:

{ baseName, conf }:

let
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
      in
      runCommand "${baseName}${suffix}"
        {
          inherit conf;
          nativeBuildInputs = [ varve ];
          passthru = {
            inherit conf;
            imageFormat = kind;
          };
        }
        ''
          export XDG_CACHE_HOME=$PWD/cache
          varve build --conf "$conf" --compression ${chosen.codec} ${
            lib.optionalString (compressionLevel != null) "--compression-level ${toString compressionLevel}"
          } -o ${kind}:"$out" >&2
        ''
    ) { };
in
{
  ociLayout = output "oci" "-oci";
  ociArchive = output "oci-archive" "-oci.tar";
}
