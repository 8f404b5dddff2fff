# All packages, from the C library upwards. None of them needs an overlay or stdenv to be made.
{ lib, hostPlatform }:
let
  makeDerivation = import ../stdenv/derivation.nix { inherit lib; };
  fromDebian = import ../stdenv/from-debian.nix { inherit lib hostPlatform makeDerivation; };
  libraries = import ./libraries.nix { inherit fromDebian; };
  programs = import ./programs.nix { inherit lib fromDebian; } libraries;
  data = import ./data.nix { inherit lib fromDebian; };
  nodejs = import ./nodejs.nix {
    inherit
      lib
      hostPlatform
      makeDerivation
      fromDebian
      ;
    inherit (libraries) glibc libgcc gccLib;
    inherit (programs) bash;
  };
  stdenv = import ../stdenv {
    inherit lib hostPlatform makeDerivation;
    inherit (libraries) libgcc gccLib;
    inherit (programs) bash;
    libc = libraries.glibc;
    initialPath = with programs; [
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
