# An image's conf with the digest of each of its layers: whoever has it from a binary cache pushes to a registry, or
# loads into an engine, that has the layers without reading what is in them.
{
  runCommand,
  jq,
  varve,
}:

{ baseName, conf }:

runCommand "${baseName}-described-conf.json"
  {
    inherit conf;
    nativeBuildInputs = [
      jq
      varve
    ];
  }
  ''
    export XDG_CACHE_HOME=$PWD/cache
    varve digest --conf "$conf" --json > digests.json
    jq --slurpfile digests digests.json \
      '. + { layer_digests: ($digests[0].layers | map({ diff_id: .diffId, size })) }' "$conf" > "$out"
  ''
