# The package set as a function, called as nixpkgs is.
{
  system ? builtins.currentSystem,
  localSystem ? system,
  overlays ? [ ],
  config ? { },
  ...
}:
let
  lib = import ./lib;
  hostPlatform = lib.systems.elaborate (
    if builtins.isAttrs localSystem then localSystem.system else localSystem
  );

  base =
    pkgs:
    import ./packages { inherit lib hostPlatform; }
    // import ./build-support pkgs
    // {
      inherit lib config hostPlatform;
      inherit (hostPlatform) system;
      targetPlatform = hostPlatform;
      buildPlatform = hostPlatform;
      go = { inherit (hostPlatform.go) GOARCH GOOS; };

      newScope = scope: lib.callPackageWith (pkgs // scope);
      callPackage = pkgs.newScope { };
      callPackages = lib.callPackagesWith pkgs;

      pkgs = pkgs;
      buildPackages = pkgs;
      pkgsBuildBuild = pkgs;
      pkgsBuildHost = pkgs;
      pkgsHostTarget = pkgs;
      overlays = overlays;
      extend = overlay: import ./. { inherit localSystem config; overlays = overlays ++ [ overlay ]; };
      appendOverlays = more: import ./. { inherit localSystem config; overlays = overlays ++ more; };
    };
in
lib.fix (lib.foldl' (lib.flip lib.extends) base overlays)
