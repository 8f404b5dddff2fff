# dockerTools.buildLayeredImage, with the same arguments and results (reference: dockertools-api, section 2):
# a layered image as a docker archive in the store.
{
  lib,
  runCommand,
  varve,
  checkArguments,
  streamLayeredImage,
  compressors,
}:

let
  build =
    {
      name,
      compressor ? "gz",
      meta ? { },
      ...
    }@arguments:
    let
      stream = streamLayeredImage (removeAttrs arguments [ "compressor" ]);
      chosen =
        compressors.${compressor} or (throw "varve: image '${name}': compressor '${compressor}' is not one of ${lib.concatStringsSep ", " (builtins.attrNames compressors)}");
    in
    runCommand "${baseNameOf name}.tar${chosen.extension}"
      {
        inherit (stream) imageName;
        inherit meta;
        nativeBuildInputs = [ varve ];
        passthru = (arguments.passthru or { }) // {
          inherit (stream)
            imageTag
            conf
            describedConf
            load
            push
            copyTo
            ociLayout
            ociArchive
            ;
          inherit stream;
        };
      }
      ''
        export XDG_CACHE_HOME=$PWD/cache
        varve build --conf ${stream.conf} --compression ${chosen.codec} -o - >$out
      '';
in
lib.makeOverridable (
  checkArguments "buildLayeredImage" (
    lib.functionArgs streamLayeredImage // { compressor = true; }
  ) build
)
