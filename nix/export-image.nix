# dockerTools.exportImage: the files of an image as one tar, without the virtual machine that dockerTools needs for it
# (reference: dockertools-api, section 4). Hard links stay hard links; a folder comes before what is in it.
{
  lib,
  runCommand,
  varve,
  checkArguments,
  baseImage,
}:

let
  export =
    {
      # A docker archive or an OCI layout …
      fromImage,
      name ? fromImage.name,
      # … and which of its images.
      fromImageName ? null,
      fromImageTag ? null,
      # Of dockerTools' virtual machine; there is none here.
      diskSize ? 1024,
    }:
    let
      base = baseImage { inherit name fromImage fromImageName fromImageTag; };
    in
    runCommand name
      {
        inherit (base) place;
        nativeBuildInputs = [ varve ];
      }
      ''
        export XDG_CACHE_HOME=$PWD/cache
        varve export "$place" --mtime "$(date -u -Iseconds -d "@$SOURCE_DATE_EPOCH")" > $out
      '';
in
checkArguments "exportImage" (lib.functionArgs export) export
