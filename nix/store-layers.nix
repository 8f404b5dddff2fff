# JSON `[[path, …], …]`, bottom layer first: which store paths share a layer. Planned by varve from the reference
# graph alone, no content is read (reference: layering, sections 1 to 4).
{
  varve,
  runCommand,
  writeText,
  jq,
}:

{
  name,
  baseName,
  # What the image needs, with everything that it refers to; none: no layers.
  closureRoots,
  # Of these, what is needed for the image but not in it.
  hidden ? [ ],
  # Left out of the layers.
  excludePaths,
  # Results of buildLayer: what is in them is left out, too.
  layers ? [ ],
  # How many layers there are beside these, the base's and the planned ones.
  otherLayers ? 1,
  # Whether store paths that the base has are left out.
  excludeBasePaths ? false,
  # "roots-on-top": what `hidden` refers to lies in one layer above the others.
  layout ? "dockerTools",
  fromImage,
  maxLayers,
  strategy,
  # List of steps, or a path to JSON of one, or null; replaces strategy and maxLayers.
  layeringPipeline,
  debug,
}:

let
  pipelineFile =
    if builtins.isList layeringPipeline then
      writeText "${baseName}-layering-pipeline.json" (builtins.toJSON layeringPipeline)
    else
      "${layeringPipeline}";
in

if closureRoots == [ ] then
  writeText "${baseName}-store-layers.json" "[]"
else
  runCommand "${baseName}-store-layers.json"
    {
      __structuredAttrs = true;
      exportReferencesGraph.graph = closureRoots;
      inherit
        excludePaths
        maxLayers
        strategy
        layout
        ;
      excludeBasePaths = if excludeBasePaths then "1" else "";
      hiddenPaths = map (path: "${path}") hidden;
      layerFiles = map (layer: "${layer}/layers.json") layers;
      otherLayers = toString otherLayers;
      imageName = name;
      fromImage = if fromImage == null then "" else "${fromImage}";
      pipelineFile = if layeringPipeline == null then "" else pipelineFile;
      debug = if debug then "1" else "";
      preferLocalBuild = true;
      nativeBuildInputs = [
        jq
        varve
      ];
    }
    ''
      export XDG_CACHE_HOME=$PWD/cache
      # Some versions of Nix name the file's place outside of the sandbox.
      attributes=''${NIX_ATTRS_JSON_FILE:-.attrs.json}
      [ -e "$attributes" ] || attributes=.attrs.json
      jq .graph "$attributes" > graph.json
      jq -s 'map(.[].paths) | add // []' "''${layerFiles[@]:-/dev/null}" > below.json
      explicit=0
      if [ "''${#layerFiles[@]}" -gt 0 ]; then
        explicit=$(jq -s 'map(length) | add' "''${layerFiles[@]}")
      fi
      echo '{"layers":[]}' > base.json
      if [ -n "$fromImage" ]; then
        if [ -d "$fromImage" ]; then place=oci:$fromImage; else place=$fromImage; fi
        varve inspect --json "$place" > base.json
      fi
      jq --slurpfile below below.json --slurpfile base base.json '
        .excludePaths + $below[0]
        + (if .excludeBasePaths == "" then [] else $base[0].layers | map(.paths // []) | add // [] end)
      ' "$attributes" > ignore.json

      top=[]
      if [ "$layout" = roots-on-top ]; then
        top=$(jq -c --slurpfile ignore ignore.json '
          .hiddenPaths as $hidden
          | [.graph[] | select(.path as $path | $hidden | index($path) != null) | .references[]]
          | unique - $ignore[0]' "$attributes")
        jq --argjson top "$top" '. + $top' ignore.json > ignore-top.json
        mv ignore-top.json ignore.json
      fi

      if [ -n "$pipelineFile" ]; then
        options=(--pipeline "$pipelineFile")
      else
        others=$((otherLayers + explicit))
        if [ "$top" != '[]' ]; then
          others=$((others + 1))
        fi
        baseLayers=$(jq '.layers | length' base.json)
        taken=$((others + baseLayers))
        if [ "$taken" -ge "$maxLayers" ]; then
          if [ "$others" -eq 1 ]; then
            what="1 is the customisation layer"
          else
            what="$others are the image's own"
          fi
          echo "varve: image '$imageName': maxLayers = $maxLayers leaves no layer for store paths:" \
            "$what and $baseLayers come from fromImage." \
            "Set maxLayers to $((taken + 1)) or more." >&2
          exit 1
        fi
        options=(--max-layers $((maxLayers - taken)) --strategy "$strategy")
      fi

      varve plan --graph graph.json --ignore ignore.json "''${options[@]}" --json > plan.json
      if [ -n "$debug" ]; then
        jq . plan.json >&2
      fi
      jq --argjson top "$top" '[.layers[].paths] + (if $top == [] then [] else [$top] end)' plan.json > "$out"
    ''
