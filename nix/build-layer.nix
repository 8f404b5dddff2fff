# A layer, or several, with contents that one says: for the `layers` of an image. The names of arguments are those of
# nix2container.
{
  lib,
  checkArguments,
  layerArguments,
  makeLayers,
}:

let
  build =
    {
      name ? "layer",
      # Store paths; all that they refer to goes in, too.
      deps ? [ ],
      # Store path or list of them, whose content is moved to the image's root.
      copyToRoot ? null,
      # Layers that lie below: what is in them does not go in again.
      layers ? [ ],
      # Store path or list of them, left out.
      ignore ? null,
      # Modes, owners and capabilities by pattern: list of { path, regex, mode, uid, gid, uname, gname, capabilities }.
      perms ? [ ],
      # A file with the same as JSON, for what only a build knows.
      permsFile ? null,
      # false: the layer's tar is kept in the store, for content that another build would make otherwise.
      reproducible ? true,
      maxLayers ? 1,
      strategy ? "auto-layer",
      layeringPipeline ? null,
      # A file with lists of store paths as JSON: which share a layer, in order. What is in none makes a layer more.
      layersFile ? null,
      # Owner and date of all files.
      uid ? 0,
      gid ? 0,
      uname ? "root",
      gname ? "root",
      mtime ? "1970-01-01T00:00:01Z",
      # What the image's history says: created_by, author, comment.
      metadata ? { },
      # Whether the layer's digest is found when it is built, and so comes from binary caches.
      describe ? true,
      meta ? { },
      passthru ? { },
    }:
    let
      subject = "layer '${name}'";
      below = layerArguments.uniqueLayers (layerArguments.withNested subject layers);
      listOf = value: if value == null then [ ] else lib.toList value;
      moved = listOf copyToRoot;
    in
    assert lib.assertMsg (
      maxLayers > 0
    ) "varve: ${subject}: maxLayers must be 1 or more, but is ${toString maxLayers}";
    assert lib.assertMsg (
      deps != [ ] || moved != [ ]
    ) "varve: ${subject}: nothing goes in; deps takes store paths, copyToRoot what is moved to the root";
    assert lib.assertMsg (
      permsFile == null || perms == [ ]
    ) "varve: ${subject}: give perms or permsFile, not both";
    assert lib.assertMsg (
      layersFile == null || layeringPipeline == null
    ) "varve: ${subject}: give layersFile or layeringPipeline, not both";
    makeLayers {
      inherit name;
      ignore = listOf ignore;
      closureRoots = listOf deps;
      trees = map (from: { inherit from; }) moved;
      perms = layerArguments.perms subject perms;
      inherit
        below
        maxLayers
        strategy
        layeringPipeline
        layersFile
        permsFile
        mtime
        metadata
        describe
        meta
        ;
      owner = {
        inherit
          uid
          gid
          uname
          gname
          ;
      };
      keepTars = !reproducible;
      passthru = passthru // {
        nestedLayers = below;
      };
    };
in
lib.makeOverridable (
  checkArguments "buildLayer" (lib.functionArgs build) build
)
