# What is given of layers, in the form in which make-layers.nix takes it; mistakes are told with the image's or the
# layer's name.
{ lib }:

rec {
  # "layer 'name'" or "image 'name'", for errors.
  perms =
    subject: given:
    map (
      permission:
      let
        known = [
          "path"
          "regex"
          "mode"
          "uid"
          "gid"
          "uname"
          "gname"
          "capabilities"
        ];
        unknown = builtins.attrNames (removeAttrs permission known);
      in
      if unknown != [ ] then
        throw "varve: ${subject}: perms has no '${builtins.head unknown}'; it takes ${lib.concatStringsSep ", " known}"
      else if !(permission ? path) then
        throw "varve: ${subject}: perms needs 'path', the store path that it is about"
      else
        permission
    ) given;

  # A layer and those below it, each once, lowest first.
  withNested = subject: lib.concatMap (nestedOf subject);

  nestedOf =
    subject: layer:
    if builtins.isAttrs layer && layer ? nestedLayers then
      layer.nestedLayers ++ [ layer ]
    else
      throw "varve: ${subject}: layers takes results of buildLayer, not ${
        if builtins.isAttrs layer then layer.name or "a set" else builtins.typeOf layer
      }";

  # The first of each, compared by where it will be: comparing derivations whole would evaluate them.
  uniqueLayers =
    layers:
    (builtins.foldl'
      (
        { seen, list }:
        layer:
        let
          key = builtins.unsafeDiscardStringContext layer.outPath;
        in
        if seen ? ${key} then
          { inherit seen list; }
        else
          {
            seen = seen // {
              ${key} = true;
            };
            list = list ++ [ layer ];
          }
      )
      {
        seen = { };
        list = [ ];
      }
      layers
    ).list;
}
