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
  layerArguments,
  makeLayers,
  nixDatabase,
  deliveryPrograms,
  ociOutputs,
  describedConf,
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
      # varve's own from here on.
      # Layers that lie below the others: results of buildLayer.
      layers ? [ ],
      # Store path or list of them, whose content is moved to the image's root, above all else.
      copyToRoot ? null,
      # Modes, owners and capabilities by pattern: list of { path, regex, mode, uid, gid, uname, gname, capabilities }.
      perms ? [ ],
      # Whether `nix` in the container knows all that is in the image, and who owns its database.
      initializeNixDatabase ? false,
      nixUid ? 0,
      nixGid ? 0,
      # Whether all of fromImage's config is taken over, as by a Dockerfile's FROM, not just Env.
      inheritConfig ? false,
      # Whether store paths that fromImage has are left out.
      excludeBasePaths ? false,
      # "dockerTools", or "roots-on-top": what contents and config name in one layer above their dependencies.
      layout ? "dockerTools",
      # Annotations of the image's manifest.
      annotations ? { },
      # Whether push, load and copyTo are built with the digests of all layers, so that they need not read them.
      describe ? false,
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

    assert lib.assertMsg (
      layout == "dockerTools" || layout == "roots-on-top"
    ) "varve: image '${name}': layout '${layout}' is neither \"dockerTools\" nor \"roots-on-top\"";

    let
      baseName = baseNameOf name;
      contentsList = lib.toList contents;
      subject = "image '${name}'";

      below = layerArguments.uniqueLayers (layerArguments.withNested subject layers);
      moved = if copyToRoot == null then [ ] else lib.toList copyToRoot;
      permissions = layerArguments.perms subject perms;
      # Of these the layer differs from what the store has, so that it is none of the planned ones.
      permitted = lib.subtractLists (map (path: "${path}") moved) (
        lib.unique (map (permission: "${permission.path}") permissions)
      );
      owner = {
        inherit
          uid
          gid
          uname
          gname
          ;
      };

      movedLayer = lib.optional (moved != [ ] || permitted != [ ]) (makeLayers {
        name = "${baseName}-root-layer";
        wholePaths = permitted;
        trees = map (from: { inherit from; }) moved;
        perms = permissions;
        ignoreClosure = true;
        inherit below owner describe;
      });
      databaseLayer = lib.optional initializeNixDatabase (makeLayers {
        name = "${baseName}-nix-database-layer";
        trees = [
          {
            from = nixDatabase {
              inherit baseName;
              closureRoots = imageRoots ++ below ++ movedLayer;
              storeLayers = plannedLayers;
              layers = below ++ movedLayer;
            };
            modes = "normalised";
            uid = nixUid;
            gid = nixGid;
          }
        ];
        ignoreClosure = true;
        inherit owner describe;
      });
      rootLayers = databaseLayer ++ movedLayer;

      # An image whose root is moved there needs no layer of links.
      hasCustomisation =
        contentsList != [ ]
        || extraCommands != ""
        || fakeRootCommands != ""
        || includeNixDB
        || moved == [ ] && below == [ ];

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

      customisationLayers = lib.optional hasCustomisation customisation;

      imageRoots = lib.optionals includeStorePaths (
        [ baseJson ] ++ customisationLayers ++ moved ++ permitted
      );
      plannedLayers = storeLayers {
        inherit
          name
          baseName
          fromImage
          maxLayers
          strategy
          layeringPipeline
          excludeBasePaths
          layout
          debug
          ;
        closureRoots = imageRoots;
        # Not in the image: what is not for its users.
        hidden = [ baseJson ] ++ customisationLayers;
        excludePaths = [ baseJson ] ++ customisationLayers ++ moved ++ permitted;
        layers = below;
        otherLayers = builtins.length (customisationLayers ++ rootLayers);
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
        customisationLayer = if hasCustomisation then customisation else null;
        storeLayers = plannedLayers;
        inherit rootLayers inheritConfig annotations;
        layers = below;
      };

      described = describedConf { inherit baseName conf; };
      deliveredConf = if describe then described else conf;
    in
    imagePrograms.streamProgram {
      inherit baseName conf meta;
      inherit (conf) imageName;
      passthru = passthru // {
        inherit (conf) imageTag;
        inherit conf;
        inherit (imagePrograms) streamScript;
        describedConf = described;
        load = imagePrograms.loadProgram {
          inherit baseName;
          conf = deliveredConf;
        };
        # Tells functions that take images that this one is run, not read.
        isExe = true;
      }
      // deliveryPrograms {
        inherit baseName;
        conf = deliveredConf;
      }
      // ociOutputs { inherit baseName conf; };
    };
in
lib.makeOverridable (checkArguments "streamLayeredImage" (lib.functionArgs stream) stream)
