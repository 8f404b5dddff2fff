# The part of nixpkgs' `lib` that varve uses: same names, same meaning, flat and by group.
let
  groups = {
    trivial = import ./trivial.nix;
    fixedPoints = import ./fixed-points.nix;
    lists = import ./lists.nix;
    attrsets = import ./attrsets.nix lib;
    strings = import ./strings.nix lib;
    versions = import ./versions.nix lib;
    customisation = import ./customisation.nix lib;
    derivations = import ./derivations.nix lib;
    meta = import ./meta.nix lib;
    sources = import ./sources.nix lib;
    fetchers.proxyImpureEnvVars = import ../build-support/proxies.nix;
  };

  lib =
    groups
    // groups.trivial
    // groups.fixedPoints
    // groups.lists
    // groups.attrsets
    // groups.strings
    // groups.customisation
    // groups.derivations
    // groups.meta
    // groups.sources
    // {
      licenses = import ./licenses.nix;
      platforms = import ./platforms.nix;
      systems = import ./systems.nix lib;
      asserts = { inherit (groups.trivial) assertMsg; };
    };
in
lib
