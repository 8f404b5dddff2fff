# The JSON that says everything about an image but the bytes of its files: what `varve stream --conf` reads
# (reference: dockertools-wire-format, section 1). It refers to all of the image's store paths.
{
  lib,
  runCommand,
  jq,
}:

{
  name,
  tag,
  baseName,
  # JSON file with config, architecture and os.
  baseJson,
  customisationLayer,
  storeLayers,
  fromImage,
  created,
  mtime,
  uid,
  gid,
  uname,
  gname,
  # Results of make-layers.nix, below the planned layers and above all others.
  layers ? [ ],
  rootLayers ? [ ],
  inheritConfig ? false,
  annotations ? { },
}:

let
  files = made: lib.concatMapStringsSep " " (layer: "${layer}/layers.json") made;

  # What dockerTools knows nothing of: absent where it is not used.
  ownKeys =
    lib.optionalAttrs inheritConfig { inherit_config = true; }
    // lib.optionalAttrs (annotations != { }) { inherit annotations; };

  hashPart =
    path: builtins.substring 0 32 (baseNameOf (builtins.unsafeDiscardStringContext path));

  conf =
    runCommand "${baseName}-conf.json"
      {
        imageName = lib.toLower name;
        # Without a tag, the image is named after this very file.
        tag = if tag == null then "" else tag;
        fromImage = if fromImage == null then "" else "${fromImage}";
        inherit
          created
          mtime
          uname
          gname
          baseJson
          storeLayers
          ;
        customisationLayer = if customisationLayer == null then "" else customisationLayer;
        ownKeys = builtins.toJSON ownKeys;
        uid = toString uid;
        gid = toString gid;
        preferLocalBuild = true;
        nativeBuildInputs = [ jq ];
        passthru.layers = layers;
        passthru.rootLayers = rootLayers;
        passthru.imageTag = if tag == null then hashPart conf.outPath else tag;
      }
      (''
        isoDate() {
          if [ "$2" = now ]; then
            echo now
          elif ! date -u -Iseconds -d "$2" 2> /dev/null; then
            echo "varve: image '$imageName': $1 = \"$2\" is neither an ISO 8601 date nor \"now\"." >&2
            return 1
          fi
        }
        created=$(isoDate created "$created")
        mtime=$(isoDate mtime "$mtime")

        if [ -z "$tag" ]; then
          tag=$(basename "$out")
          tag=''${tag%%-*}
        fi

        jq \
          --arg store_dir ${builtins.storeDir} \
          --arg from_image "$fromImage" \
          --slurpfile store_layers "$storeLayers" \
          --arg customisation_layer "$customisationLayer" \
          --arg repo_tag "$imageName:$tag" \
          --arg created "$created" --arg mtime "$mtime" \
          --argjson own_keys "$ownKeys" \
          --arg uid "$uid" --arg gid "$gid" --arg uname "$uname" --arg gname "$gname" \
          '. + {
            $store_dir,
            from_image: (if $from_image == "" then null else $from_image end),
            store_layers: $store_layers[0],
            customisation_layer: (if $customisation_layer == "" then null else $customisation_layer end),
            $repo_tag, $created, $mtime, $uid, $gid, $uname, $gname
          } + $own_keys' "$baseJson" > "$out"
      ''
      + lib.optionalString (layers != [ ] || rootLayers != [ ]) ''
        jq -s 'add // []' ${if layers == [ ] then "/dev/null" else files layers} > layers.json
        jq -s 'add // []' ${if rootLayers == [ ] then "/dev/null" else files rootLayers} > root-layers.json
        jq --slurpfile layers layers.json --slurpfile root_layers root-layers.json \
          '. + { layers: $layers[0], root_layers: $root_layers[0] }' "$out" > whole.json
        mv whole.json "$out"
      '');
in
conf
