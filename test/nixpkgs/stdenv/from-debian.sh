# Builds one package of from-debian.nix. Runs with the machine's own bash, coreutils, dpkg and patchelf.

fail() {
  echo "from-debian: $pname: $*" >&2
  exit 1
}

declare -A target     # file below / → its place below $out
declare -A linkTarget # link below $out → the file below / that it leads to
declare -A libFolder  # soname → folder below $out that holds it

# Where a file of Debian goes, or nothing if it is left out.
place() {
  case $1 in
    */pkgconfig/* | */gconv/* | */debug/* | */systemd/* | *.a | *.la | *.o) ;;
    /usr/bin/* | /usr/sbin/*) wantedProgram "${1##*/}" && echo "bin/${1##*/}" ;;
    /bin/* | /sbin/*) wantedProgram "${1##*/}" && echo "bin/${1##*/}" ;;
    /usr/lib/"$triplet"/*) echo "lib/${1#/usr/lib/"$triplet"/}" ;;
    /lib/"$triplet"/*) echo "lib/${1#/lib/"$triplet"/}" ;;
    /usr/lib/"$libFolderOfPackage"/*) echo "lib/${1#/usr/lib/}" ;;
    /usr/libexec/*) echo "libexec/${1#/usr/libexec/}" ;;
  esac
  return 0
}

wantedProgram() {
  [[ $programs == "*" || " $programs " == *" $1 "* ]]
}

take() {
  local file=$1 to=$2
  if [[ -L $file ]]; then
    linkTarget[$to]=$(realpath -m -- "$file")
  elif [[ -f $file ]]; then
    target[$(realpath -- "$file")]=$to
    mkdir -p "$out/${to%/*}"
    [[ -e $out/$to ]] || cp --no-preserve=ownership "$file" "$out/$to"
  fi
}

systemLibrary() {
  local folder
  for folder in /usr/lib/"$triplet" /lib/"$triplet" /usr/lib /usr/lib/*/; do
    if [[ -e $folder/$1 ]]; then
      echo "$folder/$1"
      return
    fi
  done
  return 1
}

collectPackages() {
  local deb file to list
  for deb in $debs; do
    list=$(dpkg-query -L "$deb" 2>/dev/null) ||
      fail "the Debian package '$deb' is not installed; install what test/nixpkgs/debian-packages.txt lists"
    libFolderOfPackage=${deb%-bin}
    while IFS= read -r file; do
      [[ -d $file && ! -L $file ]] && continue
      to=$(place "$file")
      [[ -z $to ]] || take "$file" "$to"
    done <<<"$list"
  done
}

collectLibraries() {
  local stem folder file found
  for stem in $libs; do
    found=
    for folder in /usr/lib/"$triplet" /lib/"$triplet"; do
      [[ $folder -ef /usr/lib/$triplet && $folder != /usr/lib/$triplet ]] && continue
      for file in "$folder/$stem".so.* "$folder/$stem"-[0-9]*.so; do
        [[ -e $file ]] || continue
        take "$file" "lib/${file##*/}"
        found=1
      done
    done
    [[ -n $found ]] || fail "the machine has no library $stem; install what test/nixpkgs/debian-packages.txt lists"
  done
}

collectData() {
  local entry
  for entry in $data; do
    [[ -e /$entry ]] || fail "the machine has no /$entry; install what test/nixpkgs/debian-packages.txt lists"
    mkdir -p "$out/$(dirname "${entry#usr/}")"
    cp -RL --no-preserve=ownership "/$entry" "$out/${entry#usr/}"
  done
}

# Links among the files taken stay links; those that lead elsewhere are left out.
makeLinks() {
  local link file to
  for link in "${!linkTarget[@]}"; do
    file=${linkTarget[$link]}
    to=${target[$file]:-}
    if [[ -n $to && ! -e $out/$link ]]; then
      mkdir -p "$out/${link%/*}"
      ln -s --relative "$out/$to" "$out/$link"
    fi
  done
}

isElf() {
  local magic
  IFS= read -r -N 4 magic <"$1" 2>/dev/null || return 1
  [[ $magic == $'\x7fELF' ]]
}

# The folder in which the library $1 will be found at run time.
libraryFolder() {
  local dep file
  if [[ -n ${libFolder[$1]:-} ]]; then
    echo "${libFolder[$1]}"
    return
  fi
  for dep in $deps; do
    if [[ -e $dep/lib/$1 ]]; then
      echo "$dep/lib"
      return
    fi
  done
  file=$(systemLibrary "$1") || fail "the library $1 is nowhere on the machine"
  [[ -n $bundle ]] || fail "no dependency has $1 (needed by $2, on this machine it is $file)"
  mkdir -p "$out/lib"
  cp -L --no-preserve=ownership "$file" "$out/lib/$1"
  echo "$out/lib"
}

patchElf() {
  local file=$1 needed soname folder rpath="" flags=()
  needed=$(patchelf --print-needed "$file" 2>/dev/null) || return 0 # static
  for soname in $needed; do
    [[ $soname == ld-linux* ]] && continue
    folder=$(libraryFolder "$soname" "$file")
    if [[ -z ${libFolder[$soname]:-} && $folder == "$out/lib" ]]; then
      libFolder[$soname]=$folder
      queue+=("$folder/$soname")
    fi
    [[ :$rpath: == *":$folder:"* ]] || rpath+=${rpath:+:}$folder
  done
  # The C library opens libgcc_s by itself; only a DT_RPATH of the program makes it find that one.
  [[ :$rpath: == *":$libcLib:"* ]] || rpath+=${rpath:+:}$libcLib
  if patchelf --print-interpreter "$file" >/dev/null 2>&1; then
    flags+=(--set-interpreter "$loader")
  fi
  chmod u+w "$file"
  patchelf "${flags[@]}" --force-rpath --set-rpath "$rpath" "$file"
}

# A script whose interpreter no dependency has is left out.
patchScript() {
  local file=$1 line interpreter name dep
  IFS= read -r line <"$file" || true
  [[ $line == "#!"* ]] || return 0
  line=${line#"#!"}
  interpreter=${line#"${line%%[! ]*}"}
  name=${interpreter%% *}
  name=${name##*/}
  for dep in $deps "$out"; do
    if [[ -x $dep/bin/$name ]]; then
      sed -i "1s|.*|#!$dep/bin/$name|" "$file"
      return
    fi
  done
  rm "$file"
}

patchAll() {
  local file soname
  mapfile -d "" -t queue < <(find "$out" -type f -print0 | sort -z)
  for file in "${queue[@]}"; do
    case ${file##*/} in *.so | *.so.*) libFolder[${file##*/}]=${file%/*} ;; esac
  done
  while IFS= read -r -d "" file; do
    case ${file##*/} in *.so | *.so.*) libFolder[${file##*/}]=${file%/*} ;; esac
  done < <(find "$out" -type l -print0)

  while [[ ${#queue[@]} -gt 0 ]]; do
    file=${queue[0]}
    queue=("${queue[@]:1}")
    if isElf "$file"; then
      [[ -z $patch ]] || patchElf "$file"
    elif [[ -x $file ]]; then
      patchScript "$file"
    fi
  done
}

mkdir -p "$out"
libFolderOfPackage=
eval "$preInstall"
collectPackages
collectLibraries
collectData
makeLinks
patchAll
eval "$postInstall"
# Links to scripts that were left out.
find "$out" -xtype l -delete
find "$out" -mindepth 1 -type d -empty -delete
[[ -n $(ls -A "$out") ]] || fail "nothing was taken"
