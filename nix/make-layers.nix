# Layers of an image that are derivations of their own: a folder with layers.json, which says what is in them and,
# by choice, their digests. So whoever has the derivation's result from a binary cache need not read what is in the
# layers to learn what they are called; several images share it.
{
  lib,
  varve,
  runCommand,
  writeText,
  jq,
}:

{
  name,
  # Everything that these refer to goes in, themselves included, unless it is moved, below or ignored …
  closureRoots ? [ ],
  # … and what moved trees refer to, unless somebody else plans it.
  ignoreClosure ? false,
  # Store paths that go in alone.
  wholePaths ? [ ],
  # Store paths whose content is moved: list of { from, at, modes, uid, gid, uname, gname }.
  trees ? [ ],
  # List of { path, regex, mode, uid, gid, uname, gname, capabilities }.
  perms ? [ ],
  # A file with such a list, for what only a build knows; or null.
  permsFile ? null,
  # Layers that lie below: results of buildLayer.
  below ? [ ],
  # Store paths left out.
  ignore ? [ ],
  maxLayers ? 1,
  strategy ? "auto-layer",
  layeringPipeline ? null,
  # A file with lists of store paths: which share a layer, in order; or null.
  layersFile ? null,
  # Owner and date of the layers, and what the image's history says of them.
  owner,
  mtime ? "1970-01-01T00:00:01Z",
  metadata ? { },
  # Keep the tars: for content that another build would make otherwise.
  keepTars ? false,
  # Find the digests now.
  describe ? true,
  passthru ? { },
  meta ? { },
}:

let
  # Attributes of a list's members as `builtins.toJSON` takes them: paths become store paths.
  plain = builtins.mapAttrs (
    field: value:
    if field == "path" || field == "from" then
      "${value}"
    else if field == "uid" || field == "gid" then
      toString value
    else
      value
  );

  graphRoots = map (path: "${path}") (
    closureRoots ++ lib.optionals (!ignoreClosure) (map (tree: tree.from) trees)
  );
in

runCommand name
  {
    __structuredAttrs = true;
    exportReferencesGraph.graph = graphRoots;
    moved = map (tree: "${tree.from}") trees;
    wholePaths = map (path: "${path}") wholePaths;
    ignored = map (path: "${path}") ignore;
    belowFiles = map (layer: "${layer}/layers.json") below;
    trees = map plain trees;
    perms = map plain perms;
    common = plain owner // {
      inherit mtime metadata;
    };
    inherit maxLayers strategy;
    hasClosure = if graphRoots == [ ] then "" else "1";
    pipelineFile =
      if layeringPipeline == null then
        ""
      else if builtins.isList layeringPipeline then
        writeText "${name}-layering-pipeline.json" (builtins.toJSON layeringPipeline)
      else
        "${layeringPipeline}";
    permsFile = if permsFile == null then "" else "${permsFile}";
    layersFile = if layersFile == null then "" else "${layersFile}";
    keepTars = if keepTars then "1" else "";
    describe = if describe || keepTars then "1" else "";
    storeDir = builtins.storeDir;
    preferLocalBuild = !keepTars;
    nativeBuildInputs = [
      jq
      varve
    ];
    passthru = passthru // {
      sources = map (tree: tree.from) trees;
    };
    inherit meta;
  }
  ''
    export XDG_CACHE_HOME=$PWD/cache
    layersName=${lib.escapeShellArg name}
    source ${./make-layers.sh}
  ''
