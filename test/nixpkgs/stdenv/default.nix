# stdenv: bash, the usual tools on PATH, and the phases of setup.sh. There is no compiler.
{
  lib,
  buildPlatform,
  hostPlatform,
  makeDerivation,
  bash,
  initialPath,
  libc,
  gccLib,
  libgcc,
}:
let
  shell = "${bash}/bin/bash";

  setup = derivation {
    name = "stdenv-linux";
    inherit (buildPlatform) system;
    builder = shell;
    args = [
      "-euc"
      ''
        export PATH=${lib.makeBinPath initialPath}
        mkdir "$out"
        sed -e "s|@shell@|$shell|g" -e "s|@initialPath@|$initialPath|g" ${./setup.sh} > "$out/setup"
      ''
    ];
    inherit shell initialPath;
    preferLocalBuild = true;
    allowSubstitutes = false;
  };

  inputs = [
    "nativeBuildInputs"
    "buildInputs"
    "propagatedBuildInputs"
    "propagatedNativeBuildInputs"
  ];

  complete =
    attrs:
    {
      builder = shell;
      args = [
        "-e"
        ./default-builder.sh
      ];
      inherit (buildPlatform) system;
      stdenv = setup;
    }
    // attrs
    // lib.genAttrs inputs (name: map lib.getDev (lib.flatten (attrs.${name} or [ ])));

  stdenv = setup // {
    inherit
      shell
      initialPath
      buildPlatform
      hostPlatform
      ;
    targetPlatform = hostPlatform;
    inherit (hostPlatform)
      system
      isLinux
      isDarwin
      isx86_64
      isAarch64
      ;
    hasCC = false;
    cc = {
      inherit libc libgcc;
      cc = {
        lib = gccLib;
        inherit libgcc;
      };
      targetPrefix = "";
    };
    mkDerivation =
      attrsOrFunction:
      makeDerivation (
        if lib.isFunction attrsOrFunction then
          finalAttrs: complete (attrsOrFunction finalAttrs)
        else
          complete attrsOrFunction
      );
  };
in
stdenv
