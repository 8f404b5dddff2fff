# A derivation that carries `meta`, `passthru` and `overrideAttrs`, as every package of nixpkgs does.
{ lib }:
let
  make =
    attrsOrFunction:
    let
      function = if lib.isFunction attrsOrFunction then attrsOrFunction else _: attrsOrFunction;
      attrs = function finalAttrs;
      finalAttrs = attrs // {
        finalPackage = package;
        meta = attrs.meta or { };
        passthru = attrs.passthru or { };
      };

      name =
        attrs.name or (
          if attrs ? pname then
            attrs.pname + lib.optionalString (attrs ? version) "-${attrs.version}"
          else
            throw "mkDerivation: neither `name' nor `pname' is given"
        );
      builderAttrs = builtins.removeAttrs attrs [
        "env"
        "meta"
        "passthru"
      ];
      env = lib.optionalAttrs (!(attrs.__structuredAttrs or false)) (attrs.env or { });
      drv = derivation (builderAttrs // env // { inherit name; });

      package =
        drv
        // attrs.passthru or { }
        // {
          inherit name;
          meta = {
            inherit name;
            available = true;
            outputsToInstall = [ (builtins.head (attrs.outputs or [ "out" ])) ];
          }
          // attrs.meta or { };
          passthru = attrs.passthru or { };
          overrideAttrs =
            change:
            make (
              final:
              let
                prev = function final;
                # `overrideAttrs { … }`, `overrideAttrs (prev: …)` or `overrideAttrs (final: prev: …)`.
                withPrev = if lib.isFunction change then change prev else change;
              in
              prev // (if lib.isFunction withPrev then change final prev else withPrev)
            );
        };
    in
    package;
in
make
