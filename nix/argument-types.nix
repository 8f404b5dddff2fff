# What arguments must be, by their names, which mean the same in all functions: name → value → null, or what it should
# have been. What may be many things is not here.
{ lib }:

let
  inherit (builtins)
    all
    isAttrs
    isBool
    isInt
    isList
    isNull
    isPath
    isString
    match
    substring
    ;

  wanted =
    what: fits: value:
    if fits value then null else what;

  # What may stand in a string.
  isTextual = value: isString value || isPath value || isAttrs value && (value ? outPath || value ? __toString);
  isStorePath = value: isTextual value && (isString value -> substring 0 1 value == "/");

  text = wanted "a string" isTextual;
  textOrNull = wanted "a string or null" (value: isNull value || isTextual value);
  boolean = wanted "true or false" isBool;
  integer = wanted "an integer" isInt;
  id = wanted "an integer" (value: isInt value || isString value && match "[0-9]+" value != null);
  set = wanted "a set" (value: isNull value || isAttrs value);
  storePaths = wanted "a package, a store path or a list of them" (
    value: isNull value || all (member: isNull member || isStorePath member) (lib.toList value)
  );
  archive = wanted "an image's archive, such as pullImage's result" (
    value: isNull value || value == "" || isStorePath value
  );
  list = wanted "a list" isList;
in
{
  name = wanted "a name" (value: isTextual value && value != "");
  tag = textOrNull;
  created = text;
  mtime = text;
  architecture = text;
  uname = text;
  gname = text;
  extraCommands = text;
  fakeRootCommands = text;
  runAsRoot = textOrNull;
  strategy = wanted "\"auto-layer\" or \"popularity-contest\"" (
    value: value == "auto-layer" || value == "popularity-contest"
  );
  layout = text;
  compressor = text;
  imageName = text;
  imageDigest = text;
  finalImageName = text;
  finalImageTag = text;
  fromImageName = textOrNull;
  fromImageTag = textOrNull;

  maxLayers = integer;
  uid = id;
  gid = id;
  nixUid = id;
  nixGid = id;

  enableFakechroot = boolean;
  includeStorePaths = boolean;
  includeNixDB = boolean;
  initializeNixDatabase = boolean;
  inheritConfig = boolean;
  excludeBasePaths = boolean;
  keepContentsDirlinks = boolean;
  describe = boolean;
  debug = boolean;
  reproducible = boolean;
  tlsVerify = boolean;

  config = set;
  annotations = set;

  contents = storePaths;
  copyToRoot = storePaths;
  deps = storePaths;
  fromImage = archive;
  layers = list;
  perms = list;
}
