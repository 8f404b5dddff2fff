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
      ;
    inherit (pkgs) stdenv writeText;
    defaultArchitecture = pkgs.stdenv.hostPlatform.go.GOARCH or pkgs.go.GOARCH;
  };

  buildLayeredImage = import ./build-layered-image.nix {
    inherit
      lib
      checkArguments
      streamLayeredImage
      varve
      ;
    inherit (pkgs) runCommand;
  };

  buildLayeredImageWithNixDb =
    arguments: buildLayeredImage (arguments // { includeNixDB = true; });
}
