# Wraps a function of one attribute set: an argument that it does not have is an error that names the nearest one, and
# so is one that is missing or, as soon as it is looked at, of another type than it must be.
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

  types = import ./argument-types.nix { inherit lib; };

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

  # "image 'app'", as far as that is known.
  imageOf =
    arguments:
    if builtins.isString (arguments.name or null) then "image '${arguments.name}'" else "an image without a name";

  unknown =
    functionName: known: arguments: name:
    let
      candidates = nearest name known;
    in
    "varve: ${functionName} has no argument '${name}' (${imageOf arguments})"
    + (
      if candidates != [ ] then
        "; did you mean '${head candidates}'?"
      else
        "; it takes ${concatStringsSep ", " known}"
    );

  # Short: what is given may be large, or fail.
  shown =
    value:
    let
      kind = builtins.typeOf value;
    in
    if builtins.isList value then
      "a list"
    else if kind == "set" then
      "a set"
    else if kind == "lambda" then
      "a function"
    else if kind == "string" then
      "the string \"${value}\""
    else
      builtins.toJSON value;

  # Of a list, the member that is to blame.
  checked =
    functionName: arguments: name: value:
    let
      expected = types.${name} value;
      bad = filter (member: types.${name} member != null) value;
      given = if builtins.isList value && bad != [ ] then "has ${shown (head bad)}" else "is ${shown value}";
      hint =
        if builtins.any builtins.isFunction (lib.toList value) then
          "; in a list, a call needs parentheses: [ (f x) ]"
        else
          "";
    in
    if !(types ? ${name}) || expected == null then
      value
    else
      throw "varve: ${functionName}: '${name}' of ${imageOf arguments} ${given}, but must be ${expected}${hint}";
in

# functionArguments: as from `lib.functionArgs`, name → whether it has a default.
functionName: functionArguments: function:

lib.setFunctionArgs (
  arguments:
  let
    known = attrNames functionArguments;
    extra = attrNames (removeAttrs arguments known);
    missing = filter (name: !functionArguments.${name} && !(arguments ? ${name})) known;
  in
  if !builtins.isAttrs arguments then
    throw "varve: ${functionName} takes a set of arguments, such as { name = \"app\"; }, but was given ${shown arguments}"
  else if lib.isDerivation arguments then
    throw "varve: ${functionName} takes a set of arguments, not a package; give { name = \"app\"; contents = [ … ]; }"
  else if extra != [ ] then
    throw (unknown functionName known arguments (head extra))
  else if missing != [ ] then
    throw "varve: ${functionName} needs the argument '${head missing}' (${imageOf arguments})"
  else
    function (builtins.mapAttrs (checked functionName arguments) arguments)
) functionArguments
