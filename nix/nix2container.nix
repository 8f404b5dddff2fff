# nix2container's functions by their own names, arguments and results, for people who change over: the image is never
# in the store, its layers have digests before anybody asks for them.
{
  lib,
  writeText,
  writeShellScriptBin,
  varve,
  checkArguments,
  layerArguments,
  makeLayers,
  nixDatabase,
  imageConf,
  imagePrograms,
  deliveryPrograms,
  ociOutputs,
  buildLayer,
  pullImage,
  pullImageFromManifest,
  defaultArchitecture,
}:

let
  # As Go reads JSON, whatever the letters' case.
  configKeys = [
    "User"
    "ExposedPorts"
    "Env"
    "Entrypoint"
    "Cmd"
    "Volumes"
    "WorkingDir"
    "Labels"
    "StopSignal"
    "StopTimeout"
    "Healthcheck"
    "Shell"
    "ArgsEscaped"
    "OnBuild"
  ];
  properKeys = builtins.listToAttrs (
    map (key: {
      name = lib.toLower key;
      value = key;
    }) configKeys
  );
  withProperKeys = lib.mapAttrs' (
    key: value: {
      name = properKeys.${lib.toLower key} or key;
      inherit value;
    }
  );

  # nix2container keeps capabilities apart, and names them without flags.
  capabilityPerms = map (
    { path, regex ? "", caps }:
    {
      inherit path regex;
      capabilities = "${lib.toLower (lib.concatStringsSep "," caps)}=ep";
    }
  );

  # copyToRoot by its old name.
  rootOf =
    subject: copyToRoot: contents:
    lib.throwIf (contents != null && copyToRoot != null)
      "varve: ${subject}: 'contents' is the old name of 'copyToRoot': give only copyToRoot"
      (
        lib.warnIf (contents != null)
          "varve: ${subject}: 'contents' is deprecated; it is called copyToRoot"
          (if contents != null then contents else copyToRoot)
      );

  build =
    {
      name,
      tag ? null,
      config ? { },
      # Store path or list of them, whose content is moved to the image's root.
      copyToRoot ? null,
      contents ? null,
      # Results of pullImage or pullImageFromManifest; a docker archive or an OCI layout.
      fromImage ? null,
      # Its Env is always inherited, each variable that config does not set.
      fromImageEnv ? true,
      # Of the layers that are not given by `layers`.
      maxLayers ? 1,
      perms ? [ ],
      capabilities ? [ ],
      # Results of buildLayer.
      layers ? [ ],
      # Whether `nix` in the container knows all that is in the image, and who owns its database.
      initializeNixDatabase ? false,
      nixUid ? 0,
      nixGid ? 0,
      arch ? defaultArchitecture,
      created ? "0001-01-01T00:00:00Z",
      # varve's own: whether all of fromImage's config is taken over, not just Env.
      inheritConfig ? false,
      annotations ? { },
      passthru ? { },
      meta ? { },
    }:
    let
      subject = "image '${name}'";
      baseName = baseNameOf name;
      root = rootOf subject copyToRoot contents;
      moved = if root == null then [ ] else lib.toList root;
      below = layerArguments.uniqueLayers (layerArguments.withNested subject layers);
      owner = {
        uid = 0;
        gid = 0;
        uname = "root";
        gname = "root";
      };

      baseJson = writeText "${baseName}-base.json" (
        builtins.toJSON {
          config = withProperKeys config;
          architecture = arch;
          os = "linux";
        }
      );

      own = makeLayers {
        name = "${baseName}-layers";
        closureRoots = [ baseJson ];
        ignore = [ baseJson ];
        trees = map (from: { inherit from; }) moved;
        perms = layerArguments.perms subject (perms ++ capabilityPerms capabilities);
        inherit below maxLayers owner;
      };
      nothing = writeText "no-layers.json" "[]";
      database = makeLayers {
        name = "${baseName}-nix-database-layer";
        trees = [
          {
            from = nixDatabase {
              inherit baseName;
              closureRoots = [ baseJson ] ++ moved ++ below;
              storeLayers = nothing;
              layers = below ++ [ own ];
            };
            modes = "normalised";
            uid = nixUid;
            gid = nixGid;
          }
        ];
        ignoreClosure = true;
        inherit owner;
      };

      conf = imageConf {
        inherit
          name
          tag
          baseName
          baseJson
          created
          inheritConfig
          annotations
          ;
        fromImage = if fromImage == "" then null else fromImage;
        mtime = "1970-01-01T00:00:01Z";
        inherit (owner)
          uid
          gid
          uname
          gname
          ;
        customisationLayer = null;
        storeLayers = nothing;
        layers = below ++ [ own ];
        rootLayers = lib.optional initializeNixDatabase database;
      };

      programs = deliveryPrograms { inherit baseName conf; };
      load = imagePrograms.loadProgram { inherit baseName conf; };
      imageName = lib.toLower name;
    in
    lib.throwIfNot fromImageEnv
      "varve: ${subject}: fromImageEnv = false is not possible, since the Env of fromImage is always inherited; set the variables that should differ in config.Env"
      imagePrograms.streamProgram {
      inherit
        baseName
        conf
        meta
        imageName
        ;
      passthru = passthru // {
        inherit (conf) imageTag;
        imageRefUnsafe = builtins.unsafeDiscardStringContext "${imageName}:${conf.imageTag}";
        inherit (programs) copyTo push;
        inherit conf load fromImage layers;
        copyToDockerDaemon = load;
        copyToRegistry = programs.push;
        copyToPodman = writeShellScriptBin "copy-to-podman" ''
          set -o pipefail
          ${varve}/bin/varve stream --conf ${conf} "$@" | podman load
        '';
        isExe = true;
      }
      // ociOutputs { inherit baseName conf; };
    };
in
{
  buildImage = lib.makeOverridable (
    checkArguments "nix2container.buildImage" (lib.functionArgs build) build
  );

  buildLayer =
    {
      capabilities ? [ ],
      contents ? null,
      ...
    }@arguments:
    buildLayer (
      removeAttrs arguments [
        "capabilities"
        "contents"
      ]
      // {
        copyToRoot = rootOf "layer '${arguments.name or "layer"}'" (arguments.copyToRoot or null) contents;
        perms = (arguments.perms or [ ]) ++ capabilityPerms capabilities;
      }
    );

  pullImage =
    { arch ? defaultArchitecture, ... }@arguments:
    pullImage (
      arguments
      // {
        # There, names of Nix's systems are taken, too.
        arch =
          {
            x86_64 = "amd64";
            aarch64 = "arm64";
          }
          .${arch} or arch;
      }
    );

  inherit pullImageFromManifest;
}
