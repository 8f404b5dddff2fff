# dockerTools.buildImage, with the same arguments and results (reference: dockertools-api, section 3): an image with one
# layer of its own, as a docker archive in the store.
{
  lib,
  runCommand,
  writeText,
  jq,
  varve,
  checkArguments,
  nixDatabaseCommands,
  compressors,
  copiedLayer,
  rootLayer,
  baseImage,
  archivePrograms,
  defaultArchitecture,
}:

let
  build =
    {
      # Repository, with or without a registry before it.
      name,
      # null: the hash of the result's own store path, in `imageTag`.
      tag ? null,
      # A docker archive or an OCI layout whose layers go below …
      fromImage ? null,
      # … and which of its images.
      fromImageName ? null,
      fromImageTag ? null,
      # Folder or list of them, copied to the image's root.
      copyToRoot ? null,
      # The same by its old name.
      contents ? null,
      # Whether links to folders in the root stay when a folder of that name is copied.
      keepContentsDirlinks ? false,
      # OCI image config.
      config ? null,
      architecture ? defaultArchitecture,
      # Date in the image's metadata, ISO 8601 or "now".
      created ? "1970-01-01T00:00:01Z",
      # Shell commands run in the layer's folder.
      extraCommands ? "",
      # Shell commands run as root, with the files of the base and of copyToRoot as `/`.
      runAsRoot ? null,
      # Owner of copied files, but with runAsRoot, where the script decides.
      uid ? 0,
      gid ? 0,
      # Of dockerTools' virtual machine; there is none here.
      diskSize ? 1024,
      buildVMMemorySize ? 512,
      compressor ? "gz",
      # Whether `nix` in the container knows the closure of `copyToRoot`.
      includeNixDB ? false,
      # varve's own: whether all of fromImage's config is taken over, as by a Dockerfile's FROM, not just Env, and
      # annotations of the image's manifest, where it has one.
      inheritConfig ? false,
      annotations ? { },
      meta ? { },
    }@buildArgs:

    let
      chosen =
        compressors.${compressor}
          or (throw "varve: image '${name}': compressor '${compressor}' is not one of ${lib.concatStringsSep ", " (builtins.attrNames compressors)}");
      validTag = tag == null || builtins.match "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}" tag != null;

      baseName = baseNameOf name;
      roots = lib.toList (
        if copyToRoot != null then
          copyToRoot
        else if contents != null then
          contents
        else
          [ ]
      );

      base = baseImage { inherit name fromImage fromImageName fromImageTag; };

      baseJson = writeText "${baseName}-config.json" (
        builtins.toJSON (
          {
            config = if config == null then { } else config;
            inherit architecture;
            os = "linux";
          }
          # What dockerTools knows nothing of: absent where it is not used.
          // lib.optionalAttrs inheritConfig { inherit_config = true; }
          // lib.optionalAttrs (annotations != { }) { inherit annotations; }
        )
      );

      commands = lib.optionalString includeNixDB (nixDatabaseCommands roots) + extraCommands;

      # Paths become store paths.
      rootPaths = map (root: "${root}") roots;

      layer =
        if runAsRoot == null then
          copiedLayer {
            inherit
              name
              baseName
              keepContentsDirlinks
              uid
              gid
              ;
            copyToRoot = rootPaths;
            extraCommands = commands;
          }
        else
          rootLayer {
            inherit
              name
              baseName
              keepContentsDirlinks
              runAsRoot
              ;
            base = base.place;
            inherit architecture;
            copyToRoot = rootPaths;
            extraCommands = commands;
          };

      imageTag =
        if tag != null then tag else builtins.substring 0 32 (baseNameOf (builtins.unsafeDiscardStringContext image.outPath));

      image =
        runCommand "docker-image-${baseName}.tar${chosen.extension}"
          {
            exportReferencesGraph = [
              "graph-of-layer"
              layer
              "graph-of-config"
              baseJson
            ];
            imageName = lib.toLower name;
            tag = if tag == null then "" else tag;
            basePlace = base.place;
            baseFile = base.file;
            baseFileName = base.name;
            inherit created baseJson architecture;
            layer = "${layer}";
            inherit meta;
            nativeBuildInputs = [
              jq
              varve
            ];
            passthru = {
              inherit buildArgs layer imageTag;
            }
            // archivePrograms {
              inherit baseName;
              archive = image;
              fullName = "${lib.toLower name}:${imageTag}";
            };
          }
          ''
            export XDG_CACHE_HOME=$PWD/cache
            if [ "$created" != now ] && ! date -u -d "$created" > /dev/null 2>&1; then
              echo "varve: image '$imageName': created = \"$created\" is neither an ISO 8601 date nor \"now\"." >&2
              exit 1
            fi
            if [ "$created" != now ]; then
              created=$(date -u -Iseconds -d "$created")
            fi
            if [ -z "$tag" ]; then
              tag=$(basename "$out")
              tag=''${tag%%-*}
            fi

            cp "$layer/layer.tar" layer.tar
            chmod u+w layer.tar
            # A path, what made it, how many references, and these: a line each.
            awk '{ print; getline; getline count; while (count-- > 0) getline }' graph-of-layer graph-of-config |
              { grep -vxF -e "$layer" -e "$baseJson" || true; } > closure
            : > names-in-base
            if [ -n "$basePlace" ]; then
              platformOption=()
              # Of a layout with images for several platforms.
              [ ! -d "$baseFile" ] || platformOption=(--platform "linux/$architecture")
              varve export "$basePlace" "''${platformOption[@]}" | tar -t > names-in-base
            fi
            bash -e ${./with-store-paths.sh} layer.tar closure names-in-base

            digest=$(sha256sum layer.tar | cut -d ' ' -f 1)
            jq \
              --arg from_image "$baseFile" --arg from_image_name "$baseFileName" \
              --arg repo_tag "$imageName:$tag" --arg created "$created" \
              --arg tar "$PWD/layer.tar" --arg layer "$layer" --rawfile missing <(cat missing) \
              --arg diff_id "sha256:$digest" --argjson size "$(stat -c %s layer.tar)" \
              '. + {
                store_dir: "${builtins.storeDir}",
                from_image: (if $from_image == "" then null else $from_image end),
                from_image_name: (if $from_image_name == "" then null else $from_image_name end),
                layers: [{
                  paths: [($missing | split("\n")[] | select(. != "")), $layer],
                  tar: $tar,
                  digest: { $diff_id, $size }
                }],
                store_layers: [],
                customisation_layer: null,
                $repo_tag, $created,
                mtime: "1970-01-01T00:00:01+00:00"
              }' "$baseJson" > conf.json
            varve build --conf conf.json --compression ${chosen.codec} -o - > $out
          '';
    in
    lib.throwIf (contents != null && copyToRoot != null)
      "varve: image '${name}': 'contents' is the old name of 'copyToRoot': give only copyToRoot"
      lib.throwIfNot
      validTag
      "varve: image '${name}': tag '${toString tag}' is not valid: up to 128 letters, digits, '_', '.', '-', the first not '.' or '-'"
      (
        lib.warnIf (contents != null)
          "varve: image '${name}': in buildImage, 'contents' is deprecated; it is called copyToRoot"
          image
      );
in
lib.makeOverridable (checkArguments "buildImage" (lib.functionArgs build) build)
