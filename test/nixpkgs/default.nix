# The package set as a function, called as nixpkgs is.
{
  system ? builtins.currentSystem,
  localSystem ? system,
  # What is made runs there, if not on the machine that builds.
  crossSystem ? null,
  overlays ? [ ],
  config ? { },
  ...
}:
let
  lib = import ./lib;
  platformOf =
    value: lib.systems.elaborate (if builtins.isAttrs value then value.system else value);
  buildPlatform = platformOf localSystem;
  hostPlatform = if crossSystem == null then buildPlatform else platformOf crossSystem;

  again =
    changes:
    import ./. (
      {
        inherit
          localSystem
          crossSystem
          config
          overlays
          ;
      }
      // changes
    );

  base =
    pkgs:
    import ./packages {
      inherit lib buildPlatform hostPlatform;
      inherit (pkgs) buildPackages;
    }
    // import ./build-support pkgs
    // {
      inherit
        lib
        config
        buildPlatform
        hostPlatform
        ;
      inherit (hostPlatform) system;
      targetPlatform = hostPlatform;
      go = { inherit (hostPlatform.go) GOARCH GOOS; };

      newScope = scope: lib.callPackageWith (pkgs // scope);
      callPackage = pkgs.newScope { };
      callPackages = lib.callPackagesWith pkgs;

      pkgs = pkgs;
      buildPackages = if hostPlatform.system == buildPlatform.system then pkgs else again { crossSystem = null; };
      pkgsBuildBuild = pkgs.buildPackages;
      pkgsBuildHost = pkgs.buildPackages;
      pkgsHostTarget = pkgs;
      pkgsCross = {
        aarch64-multiplatform = again { crossSystem = "aarch64-linux"; };
        gnu64 = again { crossSystem = "x86_64-linux"; };
      };
      overlays = overlays;
      extend = overlay: again { overlays = overlays ++ [ overlay ]; };
      appendOverlays = more: again { overlays = overlays ++ more; };
    };
in
lib.fix (lib.foldl' (lib.flip lib.extends) base overlays)
