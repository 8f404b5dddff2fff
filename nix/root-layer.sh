# The steps of root-layer.nix that run inside fakeroot, in the build's folder: `unpack`, `run`, `pack`.

# Tells apart what is below the folder `root`: a record each with what it is and its path. A folder's own times change
# with what is in it, so they do not count.
snapshot() {
  (
    cd root
    find . -mindepth 1 \
      \( -type d -printf '%y %m %U %G - - %P\0' -o -printf '%y %m %U %G %C@ %i %P\0' \)
  ) | sort -z
}

pathsOf() {
  cut -z -d ' ' -f 7- "$1" | sort -zu
}

unpack() {
  source "$copiedLayer"
  mkdir root
  if [ -n "$base" ]; then
    tar -C root --numeric-owner --delay-directory-restore -xpf base.tar
    rm base.tar
  fi
  snapshot > before
  varveCopyToRoot root $copyToRoot
}

run() {
  mkdir -p /tmp
  "$runAsRoot"
  touch /.varve-build/ran
}

# What proot and the script needed only while it ran.
removeMountPoints() {
  local folder
  for folder in $mountPoints /tmp; do
    folder=${folder#/}
    while [ -n "$folder" ] && [ "$folder" != . ]; do
      if ! printf '%s\0' "$folder" | comm -z -12 - <(pathsOf before) | grep -qz . && [ -d "root/$folder" ]; then
        rmdir --ignore-fail-on-non-empty "root/$folder" || true
      fi
      folder=$(dirname "$folder")
    done
  done
}

# NUL-separated paths, and the folders that they are in.
withParents() {
  local path
  while IFS= read -r -d '' path; do
    printf '%s\0' "$path"
    while [[ $path == */* ]]; do
      path=${path%/*}
      printf '%s\0' "$path"
    done
  done | sort -zu
}

# A path that is gone is hidden by an empty file, unless the folder that it was in is gone, too.
writeWhiteouts() {
  local path parent
  while IFS= read -r -d '' path; do
    parent=.
    [[ $path != */* ]] || parent=${path%/*}
    if [ -d "root/$parent" ] && ! [ -L "root/$parent" ]; then
      : > "layer/$parent/.wh.${path##*/}"
    fi
  done < gone
}

pack() {
  source "$stdenv/setup"
  source "$copiedLayer"
  removeMountPoints
  snapshot > after
  comm -z -13 before after > new
  pathsOf new > changed
  comm -z -23 <(pathsOf before) <(pathsOf after) > gone
  {
    cat changed
    while IFS= read -r -d '' path; do
      parent=${path%/*}
      if [[ $path == */* ]] && [ -d "root/$parent" ] && ! [ -L "root/$parent" ]; then
        printf '%s\0' "$parent"
      fi
    done < gone
  } | withParents > wanted

  mkdir layer
  tar -C root --null --no-recursion --verbatim-files-from -T wanted --numeric-owner -cf changed.tar
  tar -C layer --numeric-owner --delay-directory-restore -xpf changed.tar
  rm changed.tar
  chmod --reference=root layer
  writeWhiteouts
  chmod ug+w layer
  if [ -n "$extraCommands" ]; then
    (cd layer && eval "$extraCommands")
  fi
  varvePackRoot layer "$out/layer.tar"
}

"$1"
