# All packages, from the C library upwards. None of them needs an overlay or stdenv to be made.
{
  lib,
  buildPlatform,
  hostPlatform,
  # The same set for the machine that builds.
  buildPackages,
}:
let
  makeDerivation = import ../stdenv/derivation.nix { inherit lib; };
  fromDebian = import ../stdenv/from-debian.nix {
    inherit
      lib
      buildPlatform
      hostPlatform
      makeDerivation
      ;
  };
  libraries = import ./libraries.nix { inherit fromDebian; };
  programs = import ./programs.nix { inherit lib fromDebian; } libraries;
  buildPrograms = if hostPlatform.system == buildPlatform.system then programs else buildPackages;
  data = import ./data.nix { inherit lib fromDebian; };
  nodejs = import ./nodejs.nix {
    inherit
      lib
      buildPlatform
      hostPlatform
      makeDerivation
      fromDebian
      ;
    inherit (libraries) glibc libgcc gccLib;
    inherit (programs) bash;
  };
  stdenv = import ../stdenv {
    inherit
      lib
      buildPlatform
      hostPlatform
      makeDerivation
      ;
    inherit (libraries) libgcc gccLib;
    libc = libraries.glibc;
    # These run while something is made.
    inherit (buildPrograms) bash;
    initialPath = with buildPrograms; [
      coreutils
      findutils
      diffutils
      gnused
      gnugrep
      gawk
      gnutar
      gzip
      bzip2
      xz
      bash
    ];
  };
in
libraries
// programs
// data
// nodejs
// {
  inherit stdenv;
  stdenvNoCC = stdenv;
}
