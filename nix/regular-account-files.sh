# Sourced with an image's root as the current folder: makes regular files of /etc/passwd and its like where they
# are absolute links. Container engines read them from outside the container, and containerd from 2.2 on refuses to
# follow an absolute link there.

# Walks the link $1 to its end and prints the file there, if one of the steps was absolute. An absolute target
# outside the store is meant inside the image.
varveAbsoluteLinkEnd() {
  local link=$1 target absolute= hops=0
  while [ -L "$link" ]; do
    hops=$((hops + 1))
    [ "$hops" -le 40 ] || return 1
    target=$(readlink "$link")
    case $target in
    "${NIX_STORE:-/nix/store}"/*) link=$target absolute=yes ;;
    /*) link=.$target absolute=yes ;;
    *) link=$(dirname "$link")/$target ;;
    esac
  done
  [ -n "$absolute" ] && [ -f "$link" ] && printf '%s\n' "$link"
}

varveRegularAccountFiles() {
  local folder file end mode

  if [ -L etc ] && [ -e etc/passwd ]; then
    folder=$(readlink etc)
    case $folder in
    /*)
      rm etc
      mkdir etc
      (shopt -s nullglob dotglob && ln -s "$folder"/* etc/)
      ;;
    esac
  fi

  for file in etc/passwd etc/group etc/nsswitch.conf etc/shadow etc/gshadow; do
    end=$(varveAbsoluteLinkEnd "$file") || continue
    case $file in
    etc/shadow | etc/gshadow) mode=0640 ;;
    *) mode=0644 ;;
    esac
    install -m "$mode" "$end" "$file.varve"
    mv -f "$file.varve" "$file"
  done
}

varveRegularAccountFiles
