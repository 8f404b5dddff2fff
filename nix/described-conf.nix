# An image's conf with the digests of each of its layers, plain and compressed: whoever has it from a binary cache pushes
# to a registry, or loads into an engine, that has the layers without reading what is in them.
{
  lib,
  runCommand,
  jq,
  varve,
}:

{
  baseName,
  conf,
  # In which its layers will be pushed; null for the usual one.
  codec ? null,
}:

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
    # Of a layout, whose manifest tells which layer is which blob, only that is kept.
    varve build --conf "$conf" ${lib.optionalString (codec != null) "--compression ${codec}"} -o oci:layout >&2
    manifest=layout/blobs/sha256/$(jq -r '.manifests[0].digest | ltrimstr("sha256:")' layout/index.json)
    jq --slurpfile manifest "$manifest" '
      (.store_layers + (.layers // []) + (.root_layers // []) | length) as $described
      | ($described + (if .customisation_layer == null then 0 else 1 end)) as $own
      | . + {
          layer_digests: ($manifest[0].layers | .[length - $own:] | map({
            diff_id: .annotations["dev.varve.layer.diff-id"],
            size: (.annotations["dev.varve.layer.size"] | tonumber),
            codings: [{ codec: .annotations["dev.varve.layer.codec"], digest, size }]
          }))
        }' "$conf" > "$out"
  ''
