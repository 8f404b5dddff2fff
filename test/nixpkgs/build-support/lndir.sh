# lndir.sh FROM TO: makes in TO the folders of FROM with links to its files; links of FROM are copied.
# What is in TO already stays.
set -euo pipefail
shopt -s dotglob nullglob

from=$1 to=$2
while IFS= read -r -d "" folder; do
  mkdir -p "$to/$folder"
  files=() links=()
  for entry in "$from${folder:+/$folder}"/*; do
    name=${entry##*/}
    [[ -e $to/$folder/$name || -L $to/$folder/$name ]] && continue
    if [[ -L $entry ]]; then
      links+=("$entry")
    elif [[ -f $entry ]]; then
      files+=("$entry")
    fi
  done
  [[ ${#files[@]} -eq 0 ]] || ln -s -t "$to/$folder" -- "${files[@]}"
  [[ ${#links[@]} -eq 0 ]] || cp -P -t "$to/$folder" -- "${links[@]}"
done < <(find "$from/" -type d -printf '%P\0' | sort -z)
