# Sourced by builds that make a layer of copied files.

# Copies what is in the folders $2… to the top of the folder $1, one over the other; with $keepDirlinks, links to
# folders stay as they are in $1, otherwise links to folders in what is copied become folders.
varveCopyToRoot() {
  local root=$1 item links=k
  shift
  [ -z "${keepDirlinks-}" ] || links=K
  for item in "$@"; do
    if ! [ -d "$item" ]; then
      echo "varve: image '$imageName': '$item' is no folder, but copyToRoot takes folders whose content goes into the image's root" >&2
      return 1
    fi
    echo "Copying $item"
    rsync -rlpt$links "$item/" "$root/"
  done
  chmod ug+w "$root"
}

# Writes the folder $1 as the tar $2, the further arguments for tar.
varvePackRoot() {
  local root=$1 file=$2
  shift 2
  (cd "$root" && source "$regularAccountFiles")
  tar -C "$root" --sort name --numeric-owner --mtime "@$SOURCE_DATE_EPOCH" --hard-dereference "$@" -cf "$file" .
}
