lib:
let
  inherit (lib) functionArgs isFunction setFunctionArgs;

  missingArgument =
    function: names:
    throw ''
      callPackage: ${builtins.concatStringsSep ", " (map (name: "`${name}'") names)} is not in this package set, but a function that takes ${
        builtins.concatStringsSep ", " (builtins.attrNames (functionArgs function))
      } needs it.
      test/nixpkgs holds only what varve's own flake uses. Add the package there, or use the real nixpkgs.'';
in
rec {
  makeOverridable =
    f:
    setFunctionArgs (
      args:
      let
        result = f args;
        merged = newArgs: args // (if isFunction newArgs then newArgs args else newArgs);
        override = setFunctionArgs (newArgs: makeOverridable f (merged newArgs)) (functionArgs f);
        overrideResult = g: makeOverridable (setFunctionArgs (a: g (f a)) (functionArgs f)) args;
      in
      if builtins.isAttrs result then
        result
        // {
          inherit override;
          overrideDerivation = g: overrideResult (old: overrideDerivation old g);
        }
        // lib.optionalAttrs (result ? overrideAttrs) {
          overrideAttrs = g: overrideResult (old: old.overrideAttrs g);
        }
      else if isFunction result then
        setFunctionArgs result (functionArgs result) // { inherit override; }
      else
        result
    ) (functionArgs f);

  overrideDerivation = old: g: derivation (old.drvAttrs // g old);

  callPackageWith =
    scope: fileOrFunction: args:
    let
      function = if isFunction fileOrFunction then fileOrFunction else import fileOrFunction;
      wanted = functionArgs function;
      given = builtins.intersectAttrs wanted scope // args;
      missing = builtins.filter (name: !wanted.${name} && !(given ? ${name})) (builtins.attrNames wanted);
    in
    if missing == [ ] then makeOverridable function given else missingArgument function missing;

  callPackagesWith =
    scope: fileOrFunction: args:
    let
      function = if isFunction fileOrFunction then fileOrFunction else import fileOrFunction;
    in
    function (builtins.intersectAttrs (functionArgs function) scope // args);

  makeScope =
    newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = overlay: makeScope newScope (lib.extends overlay f);
        packages = f;
      };
    in
    self;

  lazyDerivation =
    {
      derivation,
      meta ? null,
      passthru ? { },
      outputs ? [ "out" ],
    }:
    derivation // passthru // lib.optionalAttrs (meta != null) { inherit meta; };
}
