rec {
  fix =
    f:
    let
      x = f x;
    in
    x;

  extends =
    overlay: f: final:
    let
      prev = f final;
    in
    prev // overlay final prev;

  composeExtensions =
    first: second: final: prev:
    let
      applied = first final prev;
    in
    applied // second final (prev // applied);

  composeManyExtensions = builtins.foldl' composeExtensions (_: _: { });

  makeExtensible =
    f:
    fix f
    // {
      extend = overlay: makeExtensible (extends overlay f);
    };
}
