{
  description = "The part of nixpkgs that varve uses, made from installed Debian packages, for tests without the internet";

  outputs =
    { self }:
    let
      lib = import ./lib;
    in
    {
      inherit lib;
      # The darwin sets can be evaluated, not built.
      legacyPackages = lib.genAttrs lib.systems.flakeExposed (system: import ./. { inherit system; });
    };
}
