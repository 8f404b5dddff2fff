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
  # Left out of the layers.
  excludePaths,
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
      inherit excludePaths maxLayers strategy;
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
      jq .graph "''${NIX_ATTRS_JSON_FILE:-.attrs.json}" > graph.json
      jq .excludePaths "''${NIX_ATTRS_JSON_FILE:-.attrs.json}" > ignore.json

      if [ -n "$pipelineFile" ]; then
        options=(--pipeline "$pipelineFile")
      else
        # One layer is the customisation layer.
        taken=1
        if [ -n "$fromImage" ]; then
          baseLayers=$(varve inspect --json "$fromImage" | jq '.layers | length')
          taken=$((taken + baseLayers))
        fi
        if [ "$taken" -ge "$maxLayers" ]; then
          echo "varve: image '$imageName': maxLayers = $maxLayers leaves no layer for store paths:" \
            "1 is the customisation layer and $((taken - 1)) come from fromImage." \
            "Set maxLayers to $((taken + 1)) or more." >&2
          exit 1
        fi
        options=(--max-layers $((maxLayers - taken)) --strategy "$strategy")
      fi

      varve plan --graph graph.json --ignore ignore.json "''${options[@]}" --json > plan.json
      if [ -n "$debug" ]; then
        jq . plan.json >&2
      fi
      jq '[.layers[].paths]' plan.json > "$out"
    ''
