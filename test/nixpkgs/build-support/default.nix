# What makes packages out of others. `pkgs` is the finished set, overlays included.
pkgs:
let
  inherit (pkgs) callPackage lib;
  builders = import ./trivial-builders.nix {
    inherit lib;
    inherit (pkgs) stdenv bash coreutils;
    lndir = "${pkgs.buildPackages.bash}/bin/bash ${./lndir.sh}";
  };
in
builtins.removeAttrs builders [
  "defaultStdenv"
  "shellCheckPhase"
]
// {
  closureInfo = callPackage ./closure-info.nix { inherit (pkgs.buildPackages) coreutils jq; };
  makeWrapper = callPackage ./make-wrapper.nix { };
  makeShellWrapper = pkgs.makeWrapper;
  makeBinaryWrapper = pkgs.makeWrapper;
  fetchurl = callPackage ./fetchurl.nix { inherit (pkgs.buildPackages) curl; };
  fakeNss = callPackage ./fake-nss.nix { };
  dockerTools = callPackage ./docker-tools.nix { };
  formats = import ./formats.nix pkgs;
}
