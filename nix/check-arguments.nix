# Wraps a function of one attribute set: an argument that it does not have is an error that names the nearest one.
{ lib }:

let
  inherit (builtins)
    attrNames
    concatStringsSep
    elemAt
    filter
    foldl'
    genList
    head
    sort
    stringLength
    substring
    ;

  min = a: b: if a < b then a else b;

  characters = text: genList (i: substring i 1 text) (stringLength text);

  # Levenshtein's distance, one row of the table after the other.
  distance =
    a: b:
    let
      bs = characters b;
      width = stringLength b;
      nextRow =
        row: char:
        foldl' (
          new: j:
          new
          ++ [
            (min (min (elemAt new j + 1) (elemAt row (j + 1) + 1)) (
              elemAt row j + (if char == elemAt bs j then 0 else 1)
            ))
          ]
        ) [ (head row + 1) ] (genList (j: j) width);
    in
    elemAt (foldl' nextRow (genList (i: i) (width + 1)) (characters a)) width;

  nearest =
    name: known:
    let
      near = filter (candidate: distance name candidate <= 1 + stringLength name / 3) known;
    in
    sort (a: b: distance name a < distance name b) near;

  complaint =
    functionName: known: image: name:
    let
      candidates = nearest name known;
    in
    "varve: ${functionName} has no argument '${name}' (image '${image}')"
    + (
      if candidates != [ ] then
        "; did you mean '${head candidates}'?"
      else
        "; it takes ${concatStringsSep ", " known}"
    );
in

# functionArguments: as from `lib.functionArgs`, name → whether it has a default.
functionName: functionArguments: function:

lib.setFunctionArgs (
  arguments:
  let
    unknown = attrNames (removeAttrs arguments (attrNames functionArguments));
  in
  if unknown == [ ] then
    function arguments
  else
    throw (
      complaint functionName (attrNames functionArguments) (arguments.name or "without a name") (
        head unknown
      )
    )
) functionArguments
