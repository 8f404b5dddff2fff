# Images of several platforms as one OCI index: a layout in the store, each image with the digest that it has alone.
#
#   buildIndex { name = "app"; images = [ packages.x86_64-linux.image packages.aarch64-linux.image ]; }
{
  lib,
  runCommand,
  writeShellScriptBin,
  varve,
  checkArguments,
}:

let
  build =
    {
      # Repository, with or without a registry before it.
      name,
      tag ? "latest",
      # Streamed or built images, one a platform; also OCI layouts and archives.
      images,
      # Of the index.
      annotations ? { },
      # How layers are compressed: "gz", "zstd", "none".
      compressor ? "gz",
      passthru ? { },
      meta ? { },
    }:
    let
      baseName = baseNameOf name;
      fullName = "${lib.toLower name}:${tag}";

      placeOf =
        image:
        if image ? ociLayout then
          "oci:${image.ociLayout.override { inherit compressor; }}"
        else if image.imageFormat or "" == "oci" then
          "oci:${image}"
        else
          "${image}";

      layout =
        runCommand "${baseName}-index"
          {
            places = map placeOf images;
            annotationOptions = lib.mapAttrsToList (key: value: "--annotation=${key}=${value}") annotations;
            __structuredAttrs = true;
            nativeBuildInputs = [ varve ];
            passthru = passthru // {
              inherit ociArchive push copyTo;
              imageName = lib.toLower name;
              imageTag = tag;
              imageFormat = "oci";
            };
            inherit meta;
          }
          ''
            export XDG_CACHE_HOME=$PWD/cache
            varve index -t "oci:$out:${tag}" "''${annotationOptions[@]}" "''${places[@]}" >&2
          '';

      ociArchive =
        runCommand "${baseName}-index-oci.tar" { nativeBuildInputs = [ varve ]; }
          ''
            export XDG_CACHE_HOME=$PWD/cache
            varve copy "oci:${layout}:${tag}" "oci-archive:$out:${tag}" >&2
          '';

      push = writeShellScriptBin "push-${baseName}" ''
        place=${lib.escapeShellArg fullName}
        if [ $# -gt 0 ] && [ "''${1#-}" = "$1" ]; then
          place=$1
          shift
        fi
        exec ${varve}/bin/varve copy "oci:${layout}:${tag}" "docker://''${place#docker://}" "$@"
      '';

      copyTo = writeShellScriptBin "copy-${baseName}" ''
        exec ${varve}/bin/varve copy "oci:${layout}:${tag}" "$@"
      '';
    in
    assert lib.assertMsg (images != [ ]) "varve: index '${name}': images is empty";
    layout;
in
lib.makeOverridable (checkArguments "buildIndex" (lib.functionArgs build) build)
