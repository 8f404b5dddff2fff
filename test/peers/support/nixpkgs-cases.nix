# Builds that show that test/nixpkgs means by its names what nixpkgs means.
{
  system ? builtins.currentSystem,
}:

let
  pkgs = import ../../nixpkgs { inherit system; };
  inherit (pkgs) lib stdenv;
in
rec {
  phases = stdenv.mkDerivation (final: {
    pname = "phases";
    version = "1.0";
    src = lib.sourceByRegex ./. [ "nixpkgs-cases\\.nix" ];
    outputs = [
      "out"
      "doc"
    ];
    postPatch = "echo postPatch >> order";
    buildPhase = ''
      runHook preBuild
      echo build >> order
      runHook postBuild
    '';
    postBuild = "echo postBuild >> order";
    installPhase = ''
      mkdir -p $out/bin $doc
      mv order $doc/order
      printf '#!/usr/bin/env bash\necho "$(basename "$0")"\n' > $out/bin/phases
      chmod +x $out/bin/phases
    '';
    passthru.self = final.finalPackage.name;
    meta.mainProgram = "phases";
  });

  overridden = phases.overrideAttrs (old: {
    version = old.version + ".1";
  });

  structured = stdenv.mkDerivation {
    name = "structured";
    __structuredAttrs = true;
    outputs = [
      "out"
      "list"
    ];
    words = [
      "one word"
      "two"
    ];
    settings.answer = 42;
    nativeBuildInputs = [ pkgs.jq ];
    buildCommand = ''
      printf '%s\n' "''${words[@]}" > $list
      jq -c .settings "$NIX_ATTRS_JSON_FILE" > $out
    '';
  };

  wrapped =
    pkgs.runCommand "wrapped"
      {
        nativeBuildInputs = [ pkgs.makeWrapper ];
        meta.mainProgram = "wrapped";
      }
      ''
        makeWrapper ${pkgs.bash}/bin/bash $out/bin/wrapped --set GREETING "it's me" \
          --prefix PATH : ${pkgs.jq}/bin --add-flags '-c "echo \$GREETING; command -v jq"'
      '';

  joined = pkgs.symlinkJoin {
    name = "joined";
    paths = [
      (pkgs.writeTextDir "share/a" "first\n")
      (pkgs.writeTextDir "share/a" "second\n")
      (pkgs.writeTextDir "share/b" "other\n")
    ];
    postBuild = "echo built > $out/share/c";
  };

  registration = pkgs.closureInfo { rootPaths = [ pkgs.hello ]; };

  application = pkgs.writeShellApplication {
    name = "application";
    runtimeInputs = [ pkgs.jq ];
    text = ''jq -n '"runs"' "$@"'';
  };

  addUser = pkgs.writeShellScriptBin "add-user" ''
    export PATH=${pkgs.coreutils}/bin
    rm /etc/passwd
    ${pkgs.dockerTools.shadowSetup}
    groupadd --gid 4711 app
    useradd --uid 4711 --gid app --home-dir /var/app --shell /bin/sh app
  '';

  withOverlay =
    (import ../../nixpkgs {
      inherit system;
      overlays = [
        (final: prev: { hello = prev.hello // { marked = final.mark; }; })
        (_: _: { mark = "by the next overlay"; })
      ];
    }).hello.marked;

  missingArgument = pkgs.callPackage ({ not-there }: not-there) { };
}
