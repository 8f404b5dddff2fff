# The server as a package: its sources, run by Node.js without a build step.
#
# Its npm packages are store paths of their own. A changed line of the server changes this one path.
{
  lib,
  stdenvNoCC,
  callPackage,
  nodejs_24,
  nodejs-slim_24 ? nodejs_24,
}:

let
  manifest = lib.importJSON ./package.json;

  npmPackages = callPackage ../../nix/npm-packages.nix { nodejs = nodejs_24; };
  inherit (npmPackages { lockFile = ./package-lock.json; }) node_modules packages;

  source = lib.cleanSourceWith {
    name = "redis-webserver-source";
    src = ./.;
    filter =
      path: _type:
      let
        relative = lib.removePrefix "${toString ./.}/" (toString path);
      in
      relative == "package.json" || relative == "src" || lib.hasPrefix "src/" relative;
  };
in
stdenvNoCC.mkDerivation {
  pname = "redis-webserver";
  inherit (manifest) version;

  # The program is a script for Node.js itself, so that no shell comes into the image.
  buildCommand = ''
    mkdir -p "$out/lib/redis-webserver" "$out/bin"
    cp -R ${source}/. "$out/lib/redis-webserver"
    ln -s ${node_modules} "$out/lib/redis-webserver/node_modules"
    cat > "$out/bin/redis-webserver" <<SCRIPT
    #!${nodejs-slim_24}/bin/node
    import("$out/lib/redis-webserver/src/main.ts");
    SCRIPT
    chmod +x "$out/bin/redis-webserver"
  '';

  passthru = {
    inherit node_modules packages;
  };

  meta = {
    inherit (manifest) description;
    license = lib.licenses.mit;
    mainProgram = "redis-webserver";
    platforms = lib.platforms.unix;
  };
}
