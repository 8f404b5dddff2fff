lib:
let
  lowerLetters = lib.strings.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperLetters = lib.strings.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
in
rec {
  inherit (builtins)
    compareVersions
    concatStringsSep
    isString
    match
    parseDrvName
    replaceStrings
    split
    stringLength
    substring
    unsafeDiscardStringContext
    ;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStrings (map f list);
  concatMapStringsSep = separator: f: list: concatStringsSep separator (map f list);
  concatImapStringsSep = separator: f: list: concatStringsSep separator (lib.imap1 f list);
  concatLines = concatMapStrings (line: line + "\n");
  intersperse =
    separator: list:
    lib.drop 1 (
      builtins.concatMap (x: [
        separator
        x
      ]) list
    );
  optionalString = condition: string: if condition then string else "";

  stringToCharacters = s: builtins.genList (n: substring n 1 s) (stringLength s);
  stringAsChars = f: s: concatMapStrings f (stringToCharacters s);
  toLower = replaceStrings upperLetters lowerLetters;
  toUpper = replaceStrings lowerLetters upperLetters;

  hasPrefix = prefix: s: substring 0 (stringLength prefix) s == prefix;
  hasSuffix =
    suffix: s:
    stringLength s >= stringLength suffix
    && substring (stringLength s - stringLength suffix) (stringLength suffix) s == suffix;
  hasInfix = infix: s: builtins.length (builtins.split (escapeRegex infix) "${s}") > 1;
  removePrefix = prefix: s: if hasPrefix prefix s then substring (stringLength prefix) (-1) s else s;
  removeSuffix = suffix: s: if hasSuffix suffix s then substring 0 (stringLength s - stringLength suffix) s else s;

  splitString =
    separator: s:
    let
      # The regular expression carries no context; each piece keeps that of the string.
      pieces = builtins.filter isString (split (escapeRegex (toString separator)) (toString s));
    in
    map (piece: builtins.substring 0 0 s + piece) pieces;

  escape = characters: replaceStrings characters (map (c: "\\${c}") characters);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeShellArg =
    arg:
    let
      text = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" text == null then "'${replaceStrings [ "'" ] [ "'\\''" ] text}'" else text;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  escapeNixString = s: escape [ "$" ] (builtins.toJSON s);
  toShellVar = name: value: "${name}=${escapeShellArg value}";
  toShellVars = attrs: concatStringsSep "\n" (lib.mapAttrsToList toShellVar attrs);

  trim =
    s:
    let
      found = match "[ \t\r\n]*(.*[^ \t\r\n])[ \t\r\n]*" s;
    in
    if found == null then "" else builtins.head found;
  fileContents = path: removeSuffix "\n" (builtins.readFile path);
  makeSearchPath = folder: paths: concatMapStringsSep ":" (path: "${path}/${folder}") (builtins.filter (p: p != null) paths);
  makeSearchPathOutput = output: folder: paths: makeSearchPath folder (map (lib.getOutput output) paths);
  makeBinPath = makeSearchPathOutput "bin" "bin";
  makeLibraryPath = paths: makeSearchPath "lib" (map lib.getLib paths);
  sanitizeDerivationName =
    s:
    let
      safe = concatMapStrings (piece: if isString piece then piece else "-") (
        split "[^[:alnum:]+._?=-]+" (unsafeDiscardStringContext (toString s))
      );
      shown = removePrefix "." safe;
    in
    if shown == "" then "unknown" else substring 0 207 shown;

  versionOlder = a: b: compareVersions b a == 1;
  versionAtLeast = a: b: !versionOlder a b;
  getName = x: if isString x then (parseDrvName x).name else x.pname or (parseDrvName x.name).name;
  getVersion = x: if isString x then (parseDrvName x).version else x.version or (parseDrvName x.name).version;
}
