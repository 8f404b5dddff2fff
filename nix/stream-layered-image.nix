# dockerTools.streamLayeredImage, with the same arguments and results (reference: dockertools-api, section 1):
# a program that writes a layered image as a docker archive. The image itself is never in the store.
{
  lib,
  stdenv,
  writeText,
  checkArguments,
  nixDatabaseCommands,
  customisationLayer,
  storeLayers,
  imageConf,
  imagePrograms,
  defaultArchitecture,
}:

let
  stream =
    {
      # Repository, with or without a registry before it.
      name,
      # null: the hash of the image's conf.json, in `imageTag`.
      tag ? null,
      # A docker archive whose layers go below.
      fromImage ? null,
      # Store path or list of them: links to what they hold make the image's root.
      contents ? [ ],
      # OCI image config.
      config ? { },
      architecture ? defaultArchitecture,
      # Date in the image's metadata, ISO 8601 or "now".
      created ? "1970-01-01T00:00:01Z",
      # Date of the store's files, ISO 8601 or "now".
      mtime ? "1970-01-01T00:00:01Z",
      # Owner of the store's files.
      uid ? 0,
      gid ? 0,
      uname ? "root",
      gname ? "root",
      # Of the whole image: store layers, one customisation layer, and those of fromImage.
      maxLayers ? 100,
      # Shell commands run in the image's root.
      extraCommands ? "",
      # The same as fakeroot's root, after extraCommands …
      fakeRootCommands ? "",
      # … and with the image's root as `/`.
      enableFakechroot ? false,
      # false: only links, no store paths.
      includeStorePaths ? true,
      # Whether `nix` in the container knows the closure of `contents`.
      includeNixDB ? false,
      # How layers are made of the closure when maxLayers does not count: "auto-layer" or "popularity-contest".
      strategy ? "auto-layer",
      # Steps, or a file with their JSON (reference: layering, section 4).
      layeringPipeline ? null,
      # Whether the build's log shows the layers.
      debug ? false,
      passthru ? { },
      meta ? { },
    }:

    assert lib.assertMsg (
      maxLayers > 1
    ) "varve: image '${name}': maxLayers must be 2 or more, but is ${toString maxLayers}";
    assert lib.assertMsg (
      enableFakechroot -> !stdenv.buildPlatform.isDarwin
    ) "varve: image '${name}': enableFakechroot needs proot, which does not work on Darwin";
    assert lib.assertMsg (!(fromImage.isExe or false))
      "varve: image '${name}': fromImage must be an archive, but is a program that writes one; use buildLayeredImage for the base";
    assert lib.assertMsg (tag == null || builtins.match "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}" tag != null)
      "varve: image '${name}': tag '${toString tag}' is not valid: up to 128 letters, digits, '_', '.', '-', the first not '.' or '-'";

    let
      baseName = baseNameOf name;
      contentsList = lib.toList contents;

      baseJson = writeText "${baseName}-base.json" (
        builtins.toJSON {
          inherit config architecture;
          os = "linux";
        }
      );

      customisation = customisationLayer {
        inherit baseName fakeRootCommands enableFakechroot;
        contents = contentsList;
        extraCommands =
          lib.optionalString includeNixDB (nixDatabaseCommands contentsList) + extraCommands;
      };

      conf = imageConf {
        inherit
          name
          tag
          baseName
          baseJson
          fromImage
          created
          mtime
          uid
          gid
          uname
          gname
          ;
        customisationLayer = customisation;
        storeLayers = storeLayers {
          inherit
            name
            baseName
            fromImage
            maxLayers
            strategy
            layeringPipeline
            debug
            ;
          closureRoots = lib.optionals includeStorePaths [
            baseJson
            customisation
          ];
          excludePaths = [
            baseJson
            customisation
          ];
        };
      };
    in
    imagePrograms.streamProgram {
      inherit baseName conf meta;
      inherit (conf) imageName;
      passthru = passthru // {
        inherit (conf) imageTag;
        inherit conf;
        inherit (imagePrograms) streamScript;
        load = imagePrograms.loadProgram { inherit baseName conf; };
        # Tells functions that take images that this one is run, not read.
        isExe = true;
      };
    };
in
lib.makeOverridable (checkArguments "streamLayeredImage" (lib.functionArgs stream) stream)
