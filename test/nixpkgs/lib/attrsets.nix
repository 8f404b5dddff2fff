lib: rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  nameValuePair = name: value: { inherit name value; };
  optionalAttrs = condition: attrs: if condition then attrs else { };
  genAttrs = names: f: builtins.listToAttrs (map (name: nameValuePair name (f name)) names);
  mapAttrs' = f: attrs: builtins.listToAttrs (mapAttrsToList f attrs);
  mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (builtins.attrNames attrs);
  attrsToList = mapAttrsToList nameValuePair;
  concatMapAttrs = f: attrs: mergeAttrsList (mapAttrsToList f attrs);
  mergeAttrsList = builtins.foldl' (a: b: a // b) { };
  filterAttrs =
    predicate: attrs:
    builtins.removeAttrs attrs (
      builtins.filter (name: !predicate name attrs.${name}) (builtins.attrNames attrs)
    );

  attrByPath =
    path: default: attrs:
    if path == [ ] then
      attrs
    else if builtins.isAttrs attrs && attrs ? ${builtins.head path} then
      attrByPath (builtins.tail path) default attrs.${builtins.head path}
    else
      default;
  hasAttrByPath =
    path: attrs:
    path == [ ]
    || (
      builtins.isAttrs attrs
      && attrs ? ${builtins.head path}
      && hasAttrByPath (builtins.tail path) attrs.${builtins.head path}
    );
  getAttrFromPath = path: attrByPath path (throw "cannot find attribute `${builtins.concatStringsSep "." path}'");
  setAttrByPath = path: value: lib.foldr (name: inner: { ${name} = inner; }) value path;

  recursiveUpdateUntil =
    stop: lhs: rhs:
    let
      merge =
        path:
        builtins.zipAttrsWith (
          name: values:
          let
            here = path ++ [ name ];
          in
          if builtins.length values == 1 || stop here (lib.last values) (builtins.head values) then
            builtins.head values
          else
            merge here values
        );
    in
    merge [ ] [
      rhs
      lhs
    ];
  recursiveUpdate = recursiveUpdateUntil (_: lhs: rhs: !(builtins.isAttrs lhs && builtins.isAttrs rhs));

  isDerivation = value: value.type or null == "derivation";
  recurseIntoAttrs = attrs: attrs // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = attrs: attrs // { recurseForDerivations = false; };

  getOutput = output: pkg: if pkg.outputSpecified or false then pkg else pkg.${output} or pkg.out or pkg;
  getBin = getOutput "bin";
  getDev = getOutput "dev";
  getMan = getOutput "man";
  getLib = pkg: if pkg.outputSpecified or false then pkg else pkg.lib or pkg.out or pkg;
}
