# Run by build-image.nix: adds to the tar $1 the store paths listed in the file $2, one a line, that are neither in it nor
# in the tar with the names $3 (one a line, as `tar -t` prints them; the base image's). As dockerTools does, owner 0:0.
layer=$1
wanted=$2
namesInBase=$3

store=${NIX_STORE:-/nix/store}
storePathsIn() {
  sed -n "s|^\./${store#/}/\([^/]*\)/\{0,1\}\$|$store/\1|p"
}

tar -tf "$layer" > names-in-layer
cat "$namesInBase" names-in-layer | storePathsIn | sort -u > present
sort -u "$wanted" | comm -23 - present > missing
if [ -s missing ]; then
  common=(--sort name --owner 0 --group 0 --numeric-owner --mtime "@$SOURCE_DATE_EPOCH" --hard-dereference)
  mkdir -p "stub$store"
  folder=.
  IFS=/ read -r -a parts <<< "${store#/}"
  for part in "${parts[@]}"; do
    folder=$folder/$part
    if ! grep -qxF "$folder/" names-in-layer; then
      chmod 0755 "stub/$folder"
      tar -C stub "${common[@]}" --no-recursion -rf "$layer" "$folder"
    fi
  done
  sed 's|^/|./|' missing > missing-names
  tar -C / "${common[@]}" --verbatim-files-from -T missing-names -rf "$layer"
fi
