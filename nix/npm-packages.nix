# The npm packages of a package-lock.json, one store path each.
#
#   npmPackages = callPackage ./npm-packages.nix { nodejs = nodejs_24; };
#   inherit (npmPackages { lockFile = ./package-lock.json; }) node_modules packages;
#
# A package is `$out/lib/node_modules/NAME`, and beside it a link for each dependency, to the package that the
# lock file resolves from that place. Node.js follows links to their targets, so each package finds its own
# dependencies and no others. Layers of an image can then be as fine as packages, and an update of one package
# changes that package and those that depend on it. Only packages that depend on each other share a store path.
#
# `node_modules` holds links to what the root depends on; link it as `node_modules` beside the sources.
{
  lib,
  stdenvNoCC,
  runCommand,
  fetchurl,
  nodejs,
}:

let
  fetchNpmTarball = import ./npm-tarball.nix {
    inherit
      lib
      stdenvNoCC
      fetchurl
      nodejs
      ;
  };
in
{
  lockFile,
  # Names of packages that are left out, whoever depends on them.
  omit ? [ ],
  # Names of packages that do their work without the install script they have.
  ignoreScriptsOf ? [ ],
}:

let
  lock = import ./npm-lock.nix { inherit lib; } {
    inherit lockFile omit ignoreScriptsOf;
    platform = stdenvNoCC.hostPlatform;
  };

  tarballOf =
    location:
    let
      entry = lock.entries.${location};
    in
    fetchNpmTarball {
      name = entry.name or (lock.nameOf location);
      inherit (entry) version integrity;
      resolved = entry.resolved or null;
    };

  # Links `target` as `name` into a folder of modules.
  link = folder: name: target: ''
    mkdir -p "$(dirname "${folder}/${name}")"
    ln -s "${target}" "${folder}/${name}"
  '';

  # Where a package's folder of modules is below its store path. Packages that depend on each other in a circle
  # share a store path, each with a folder of its own.
  modulesOf =
    location:
    if builtins.length lock.groupOf.${location} == 1 then
      "lib/node_modules"
    else
      "${lib.strings.sanitizeDerivationName location}/lib/node_modules";
  folderOf = location: "${packages.${location}}/${modulesOf location}/${lock.nameOf location}";

  shortName =
    location:
    lib.strings.sanitizeDerivationName (
      "${lib.removePrefix "@" (lock.nameOf location)}-${lock.entries.${location}.version}"
    );

  unpack =
    group: location:
    let
      name = lock.nameOf location;
      modules = "$out/${modulesOf location}";
      linkDependency =
        dependency:
        let
          dependencyName = lock.nameOf dependency;
        in
        # Beside the package, save for another version of the package itself.
        link (if dependencyName == name then "${modules}/${name}/node_modules" else modules) dependencyName (
          if builtins.elem dependency group then
            "$out/${modulesOf dependency}/${dependencyName}"
          else
            folderOf dependency
        );
    in
    ''
      mkdir -p "${modules}/${name}"
      tar -xzf ${tarballOf location} -C "${modules}/${name}" --strip-components=1 --no-same-owner --no-same-permissions
      chmod -R u+rwX,go+rX,go-w "${modules}/${name}"
    ''
    + lib.concatMapStrings linkDependency lock.dependenciesOf.${location};

  packageOf =
    group:
    runCommand "npm-${
      shortName (builtins.head group)
    }${lib.optionalString (builtins.length group > 1) "-and-${toString (builtins.length group - 1)}-more"}"
      {
        preferLocalBuild = true;
        passthru.tarballs = map tarballOf group;
        meta.description = "npm: ${lib.concatMapStringsSep ", " lock.nameOf group}";
      }
      (lib.concatMapStrings (unpack group) group);

  packages = lib.genAttrs lock.locations (location: packageOf lock.groupOf.${location});
in
{
  inherit packages;

  node_modules =
    runCommand "${lib.strings.sanitizeDerivationName lock.rootName}-node_modules"
      { preferLocalBuild = true; }
      (
        ''
          mkdir "$out"
        ''
        + lib.concatMapStrings (
          location: link "$out" (lock.nameOf location) (folderOf location)
        ) lock.dependenciesOf.""
      );
}
