# varve itself: its sources, run by Node.js without a build step, and the npm packages it imports.
{
  lib,
  stdenvNoCC,
  callPackage,
  nodejs_24,
  nodejs-slim_24 ? nodejs_24,
}:

let
  manifest = lib.importJSON ../package.json;

  npmPackages = callPackage ./npm-packages.nix { nodejs = nodejs_24; };
  inherit
    (npmPackages {
      lockFile = ../package-lock.json;
      # The Node.js that npm brings for people without one.
      omit = builtins.attrNames (manifest.optionalDependencies or { });
    })
    node_modules
    ;

  # Only what runs, so that a change of tests or documents is no change of varve.
  source =
    let
      root = toString ../.;
      kept = [
        "bin"
        "package.json"
        "src"
      ];
    in
    lib.cleanSourceWith {
      name = "varve-source";
      src = ../.;
      filter =
        path: _type:
        let
          relative = lib.removePrefix "${root}/" (toString path);
        in
        builtins.elem (builtins.head (lib.splitString "/" relative)) kept;
    };
in
stdenvNoCC.mkDerivation {
  pname = "varve";
  inherit (manifest) version;

  # One program without a wrapper: its first line names the Node.js it runs on.
  buildCommand = ''
    mkdir -p "$out/lib/varve" "$out/bin"
    cp -R ${source}/. "$out/lib/varve"
    chmod -R u+w "$out/lib/varve"
    ln -s ${node_modules} "$out/lib/varve/node_modules"
    substituteInPlace "$out/lib/varve/bin/varve.mjs" \
      --replace-fail '#!/usr/bin/env node' '#!${nodejs-slim_24}/bin/node'
    chmod +x "$out/lib/varve/bin/varve.mjs"
    ln -s ../lib/varve/bin/varve.mjs "$out/bin/varve"
  ''
  + lib.optionalString (stdenvNoCC.buildPlatform.canExecute stdenvNoCC.hostPlatform) ''
    "$out/bin/varve" --version > /dev/null
  '';

  passthru = {
    inherit node_modules;
    nodejs = nodejs-slim_24;
  };

  meta = {
    inherit (manifest) description;
    license = lib.licenses.mit;
    mainProgram = "varve";
    platforms = lib.platforms.unix;
  };
}
