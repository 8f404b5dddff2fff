{
  lib,
  stdenv,
  bash,
}:
stdenv.mkDerivation {
  name = "make-shell-wrapper-hook";
  hook = ./make-wrapper.sh;
  shell = "${bash}/bin/bash";
  buildCommand = ''
    mkdir -p "$out/nix-support"
    substitute "$hook" "$out/nix-support/setup-hook" --subst-var shell
  '';
}
