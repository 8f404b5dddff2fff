# varve's image functions, with the names and arguments of nixpkgs' dockerTools:
#
#   (import ./nix { inherit pkgs; }).streamLayeredImage { name = "hello"; contents = [ pkgs.hello ]; }
{
  pkgs,
  # The varve that plans layers and writes images: it runs on the machine that builds.
  varve ? (pkgs.buildPackages or pkgs).callPackage ./varve.nix { },
}:

let
  inherit (pkgs) lib;
  buildPackages = pkgs.buildPackages or pkgs;

  checkArguments = import ./check-arguments.nix { inherit lib; };

  nixDatabaseCommands = import ./nix-database-commands.nix {
    inherit lib;
    inherit (pkgs) closureInfo;
    inherit (buildPackages) nix sqlite;
  };

  customisationLayer = import ./customisation-layer.nix {
    inherit lib;
    inherit (pkgs) symlinkJoin;
    inherit (buildPackages) fakeroot proot;
  };

  storeLayers = import ./store-layers.nix {
    inherit varve;
    inherit (pkgs) runCommand writeText;
    inherit (buildPackages) jq;
  };

  imageConf = import ./image-conf.nix {
    inherit lib;
    inherit (pkgs) runCommand;
    inherit (buildPackages) jq;
  };

  imagePrograms = import ./image-programs.nix {
    inherit varve;
    inherit (pkgs) runCommand;
    inherit (buildPackages) runtimeShell writeShellScript writeShellScriptBin;
  };

  compressors = import ./compressors.nix;

  defaultArchitecture = pkgs.stdenv.hostPlatform.go.GOARCH or pkgs.go.GOARCH;

  copiedLayer = import ./copied-layer.nix {
    inherit (pkgs) runCommand;
    inherit (buildPackages) rsync;
  };

  rootLayer = import ./root-layer.nix {
    inherit lib varve;
    inherit (pkgs) runCommand;
    # The script runs on the machine that builds.
    inherit (buildPackages)
      writeScript
      runtimeShell
      coreutils
      rsync
      fakeroot
      proot
      ;
  };

  baseImage = import ./base-image.nix { inherit lib; };

  rootFiles = import ./root-files.nix {
    inherit lib;
    inherit (pkgs)
      runCommand
      runtimeShell
      bash
      coreutils
      cacert
      shadow
      ;
  };

  layerArguments = import ./layer-arguments.nix { inherit lib; };

  makeLayers = import ./make-layers.nix {
    inherit lib varve;
    inherit (pkgs) runCommand writeText;
    inherit (buildPackages) jq;
  };

  nixDatabase = import ./nix-database.nix {
    inherit lib;
    inherit (pkgs) runCommand;
    inherit (buildPackages) jq nix sqlite;
  };

  describedConf = import ./described-conf.nix {
    inherit lib varve;
    inherit (pkgs) runCommand;
    inherit (buildPackages) jq;
  };

  deliveryPrograms = import ./delivery-programs.nix {
    inherit lib varve;
    inherit (buildPackages) writeShellScriptBin;
  };

  archivePrograms = import ./archive-programs.nix {
    inherit lib varve compressors;
    inherit (pkgs) runCommand;
    inherit (buildPackages) writeShellScriptBin;
  };

  ociOutputs = import ./oci-outputs.nix {
    inherit lib varve compressors;
    inherit (pkgs) runCommand;
  };
in
rec {
  inherit varve;

  streamLayeredImage = import ./stream-layered-image.nix {
    inherit
      lib
      checkArguments
      nixDatabaseCommands
      customisationLayer
      storeLayers
      imageConf
      imagePrograms
      layerArguments
      makeLayers
      nixDatabase
      deliveryPrograms
      ociOutputs
      describedConf
      ;
    inherit (pkgs) stdenv writeText;
    inherit defaultArchitecture;
  };

  buildLayer = import ./build-layer.nix {
    inherit
      lib
      checkArguments
      layerArguments
      makeLayers
      ;
  };

  buildIndex = import ./build-index.nix {
    inherit lib varve checkArguments;
    inherit (pkgs) runCommand;
    inherit (buildPackages) writeShellScriptBin;
  };

  pullImageFromManifest = import ./pull-image-from-manifest.nix {
    inherit
      lib
      varve
      checkArguments
      defaultArchitecture
      ;
    inherit (pkgs) runCommand;
    inherit (buildPackages) cacert writeShellScriptBin;
  };

  nix2container = import ./nix2container.nix {
    inherit
      lib
      varve
      checkArguments
      layerArguments
      makeLayers
      nixDatabase
      imageConf
      imagePrograms
      deliveryPrograms
      ociOutputs
      buildLayer
      pullImage
      pullImageFromManifest
      defaultArchitecture
      ;
    inherit (pkgs) writeText;
    inherit (buildPackages) writeShellScriptBin;
  };

  buildLayeredImage = import ./build-layered-image.nix {
    inherit
      lib
      checkArguments
      streamLayeredImage
      varve
      compressors
      ;
    inherit (pkgs) runCommand;
  };

  buildLayeredImageWithNixDb =
    arguments: buildLayeredImage (arguments // { includeNixDB = true; });

  buildImage = import ./build-image.nix {
    inherit
      lib
      varve
      checkArguments
      nixDatabaseCommands
      compressors
      copiedLayer
      rootLayer
      baseImage
      archivePrograms
      defaultArchitecture
      ;
    inherit (pkgs) runCommand writeText;
    inherit (buildPackages) jq;
  };

  buildImageWithNixDb = arguments: buildImage (arguments // { includeNixDB = true; });

  pullImage = import ./pull-image.nix {
    inherit
      lib
      varve
      checkArguments
      defaultArchitecture
      ;
    inherit (pkgs) runCommand;
    inherit (buildPackages) cacert;
  };

  exportImage = import ./export-image.nix {
    inherit
      lib
      varve
      checkArguments
      baseImage
      ;
    inherit (pkgs) runCommand;
  };

  mergeImages = import ./merge-images.nix {
    inherit lib varve;
    inherit (pkgs) runCommand;
    inherit (buildPackages) jq;
  };

  inherit
    (import ./nix-shell-image.nix {
      inherit
        lib
        varve
        checkArguments
        nixDatabaseCommands
        compressors
        streamLayeredImage
        rootFiles
        ;
      inherit (pkgs)
        runCommand
        writeText
        writeShellScriptBin
        bashInteractive
        cacert
        ;
    })
    streamNixShellImage
    buildNixShellImage
    ;

  inherit (rootFiles)
    usrBinEnv
    binSh
    caCertificates
    fakeNss
    shadowSetup
    ;
}
