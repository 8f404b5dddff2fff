# Sourced by make-layers.nix: plans the layers, says what is in them, and finds their digests.
# Some versions of Nix name the file's place outside of the sandbox.
attributes=${NIX_ATTRS_JSON_FILE:-.attrs.json}
[ -e "$attributes" ] || attributes=.attrs.json
mkdir -p "$out"
if [ -n "$permsFile" ]; then
  jq --slurpfile more "$permsFile" '.perms += $more[0]' "$attributes" > with-perms.json
  attributes=with-perms.json
fi

# What layers below have, and what goes in otherwise, is not planned.
jq -s 'map(.[].paths) | add // []' "${belowFiles[@]:-/dev/null}" > below.json
jq --slurpfile below below.json \
  '$below[0] + .moved + .wholePaths + .ignored | unique' "$attributes" > ignore.json

echo '{"layers":[]}' > plan.json
if [ -n "$hasClosure" ]; then
  jq .graph "$attributes" > graph.json
  if [ -n "$layersFile" ]; then
    strangers=$(jq -r --slurpfile graph graph.json '
      (add // []) - ($graph[0] | map(.path)) | .[]' "$layersFile")
    if [ -n "$strangers" ]; then
      echo "varve: layers '$layersName': layersFile names what is not in the layers:" $strangers >&2
      exit 1
    fi
    # What no list names makes a layer of its own, above these.
    jq --slurpfile graph graph.json --slurpfile ignore ignore.json '
      (($graph[0] | map(.path)) - $ignore[0] | sort) as $all
      | reduce (.[], $all) as $wanted ({ left: $all, layers: [] };
          .left as $left
          | ([$wanted[] | select(. as $path | $left | index($path) != null)] | unique) as $paths
          | { left: ($left - $paths), layers: (.layers + (if $paths == [] then [] else [{ $paths }] end)) })
      | { layers }' "$layersFile" > plan.json
  elif [ -n "$pipelineFile" ]; then
    options=(--pipeline "$pipelineFile")
  else
    # What is moved makes a layer of its own, unless there is only one.
    planned=$maxLayers
    if [ "$planned" -gt 1 ] && [ "${#moved[@]}" -gt 0 ]; then
      planned=$((planned - 1))
    fi
    options=(--max-layers "$planned" --strategy "$strategy")
  fi
  if [ -z "$layersFile" ]; then
    varve plan --graph graph.json --ignore ignore.json "${options[@]}" --json > plan.json
  fi
fi

jq --slurpfile plan plan.json --slurpfile below below.json '
  . as $all
  | ($plan[0].layers | map({ paths })) as $planned
  | (.wholePaths - $below[0]) as $whole
  | (if (.trees | length) + ($whole | length) == 0 then $planned
     elif .maxLayers <= 1 and .pipelineFile == "" and .layersFile == "" then
       [{ paths: ($whole + ($planned | map(.paths) | add // [])), trees: .trees }]
     else $planned + [{ paths: $whole, trees: .trees }] end)
  | map(. as $layer
    | (.paths + ((.trees // []) | map(.from))) as $has
    | . + $all.common
    | if ((.trees // []) | length) == 0 then del(.trees) else . end
    | ($all.perms | map(select(.path as $path | $has | index($path) != null))) as $perms
    | if ($perms | length) == 0 then . else . + { $perms } end)
' "$attributes" > layers.json

astray=$(jq -r --slurpfile layers layers.json '
  (.perms | map(.path)) - ($layers[0] | map(.perms // [] | .[].path)) | unique | .[]' "$attributes")
if [ -n "$astray" ]; then
  echo "varve: layers '$layersName': perms names what is not in them:" $astray >&2
  exit 1
fi

if [ -n "$describe" ]; then
  jq --arg storeDir "$storeDir" '{
    architecture: "", config: {}, store_dir: $storeDir, store_layers: [], layers: .,
    customisation_layer: null, repo_tag: "layers:layers", created: "1970-01-01T00:00:01Z"
  }' layers.json > conf.json
  varve digest --conf conf.json --json > digests.json
  jq --slurpfile digests digests.json '
    [., $digests[0].layers] | transpose
    | map(.[0] + { digest: { diff_id: .[1].diffId, size: .[1].size } })' layers.json > described.json
  mv described.json layers.json
fi

if [ -n "$keepTars" ]; then
  mkdir image
  varve build --conf conf.json --compression none -o - | tar -x -C image
  tars=()
  while read -r tar; do
    cp -L "image/$tar" "$out/${#tars[@]}.tar"
    tars+=("$out/${#tars[@]}.tar")
  done < <(jq -r '.[0].Layers[]' image/manifest.json)
  # What is kept needs no rules any more.
  printf '%s\n' "${tars[@]}" | jq -R . | jq -s . > tars.json
  jq --slurpfile tars tars.json '
    [., $tars[0]] | transpose | map(.[1] as $tar | .[0] | del(.perms, .trees) + { tar: $tar })
  ' layers.json > kept.json
  mv kept.json layers.json
fi

cp layers.json "$out/layers.json"
