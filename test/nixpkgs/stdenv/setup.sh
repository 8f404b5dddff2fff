# Sourced by every build of stdenv.mkDerivation: the phases and helpers of nixpkgs' setup.sh that varve's
# builds use, under the same names.

set -eo pipefail
shopt -s inherit_errexit nullglob

if [[ -z ${NIX_ATTRS_JSON_FILE:-} ]]; then
  : "${outputs:=out}"
else
  # Structured attributes: the outputs come as an associative array.
  for _output in "${!outputs[@]}"; do
    export "$_output=${outputs[$_output]}"
  done
fi

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800}
export TZ=UTC
export LC_ALL=${LC_ALL:-C.UTF-8}
export NIX_BUILD_CORES=${NIX_BUILD_CORES:-1}
export SHELL=@shell@
export CONFIG_SHELL=@shell@
umask 0022

getAllOutputNames() {
  if [[ -n ${NIX_ATTRS_JSON_FILE:-} ]]; then
    echo "${!outputs[*]}"
  else
    echo "$outputs"
  fi
}

# ---- messages and hooks ----

echoCmd() {
  printf '%s: %s\n' "$1" "${*:2}"
}

nixErrorLog() {
  printf '%s\n' "$*" >&2
}

# Runs the hook $1: the function or the text of that name, then every element of the array `$1`s.
runHook() {
  local name=$1 hook
  shift
  local -n list="${name}Hooks"
  if declare -F "$name" >/dev/null; then
    "$name" "$@"
  elif [[ -n ${!name:-} ]]; then
    eval "${!name}"
  fi
  for hook in "${list[@]}"; do
    if declare -F "$hook" >/dev/null; then "$hook" "$@"; else eval "$hook"; fi
  done
}

exitHandler() {
  local status=$?
  trap - EXIT
  set +e
  if [[ $status -ne 0 ]]; then runHook failureHook; else runHook exitHook; fi
  exit "$status"
}
trap exitHandler EXIT

# ---- inputs ----

addToSearchPathWithCustomDelimiter() {
  local delimiter=$1 variable=$2 folder=$3
  if [[ -d $folder && $delimiter${!variable:-}$delimiter != *"$delimiter$folder$delimiter"* ]]; then
    export "$variable=${!variable:+${!variable}$delimiter}$folder"
  fi
}

addToSearchPath() {
  addToSearchPathWithCustomDelimiter ":" "$@"
}

declare -A _seenInputs

_useInput() {
  local input=$1 propagated
  [[ -z ${_seenInputs[$input]:-} ]] || return 0
  _seenInputs[$input]=1
  addToSearchPath PATH "$input/bin"
  for propagated in propagated-build-inputs propagated-native-build-inputs; do
    if [[ -f $input/nix-support/$propagated ]]; then
      for propagated in $(<"$input/nix-support/$propagated"); do _useInput "$propagated"; done
    fi
  done
  if [[ -f $input/nix-support/setup-hook ]]; then source "$input/nix-support/setup-hook"; fi
}

# The value of a list attribute, a string or an array by how the attributes came.
_list() {
  local -n value=$1 2>/dev/null || return 0
  if [[ ${value@a} == *a* ]]; then printf '%s\n' "${value[@]}"; else printf '%s\n' ${value:-}; fi
}

PATH=
for _input in $(_list nativeBuildInputs) $(_list propagatedNativeBuildInputs) $(_list buildInputs) $(_list propagatedBuildInputs); do
  _useInput "$_input"
done
for _input in @initialPath@; do addToSearchPath PATH "$_input/bin"; done
export PATH
HOST_PATH=$PATH
export HOST_PATH

# ---- helpers ----

stripHash() {
  local name
  name=$(basename -- "$1")
  if [[ $name =~ ^[a-z0-9]{32}- ]]; then echo "${name:33}"; else echo "$name"; fi
}

substituteStream() {
  local variable=$1 description=$2
  shift 2
  while [[ $# -gt 0 ]]; do
    local pattern= replacement= optional= quiet=
    case $1 in
      --replace | --replace-fail) pattern=$2 replacement=$3; shift 3 ;;
      --replace-quiet) pattern=$2 replacement=$3 optional=1 quiet=1; shift 3 ;;
      --replace-warn) pattern=$2 replacement=$3 optional=1; shift 3 ;;
      --subst-var) pattern=@$2@ replacement=${!2} optional=1 quiet=1; shift 2 ;;
      --subst-var-by) pattern=@$2@ replacement=$3 optional=1 quiet=1; shift 3 ;;
      *) nixErrorLog "substitute: unknown option $1"; return 1 ;;
    esac
    if [[ ${!variable} != *"$pattern"* ]]; then
      if [[ -z $optional ]]; then
        nixErrorLog "substitute: '$pattern' does not occur in $description"
        return 1
      fi
      [[ -n $quiet ]] || nixErrorLog "substitute: warning: '$pattern' does not occur in $description"
    fi
    printf -v "$variable" '%s' "${!variable//"$pattern"/"$replacement"}"
  done
}

substitute() {
  local input=$1 output=$2 contents
  shift 2
  # The dot keeps the newlines at the end, which $() would cut.
  contents=$(cat -- "$input" && printf .)
  contents=${contents%.}
  substituteStream contents "$input" "$@"
  printf '%s' "$contents" >"$output"
}

substituteInPlace() {
  local files=() file
  while [[ $# -gt 0 && $1 != --* ]]; do files+=("$1"); shift; done
  for file in "${files[@]}"; do substitute "$file" "$file" "$@"; done
}

substituteAllStream() {
  local variable=$1 description=$2 name
  for name in $(compgen -e); do
    [[ $name =~ ^[a-z][a-zA-Z0-9_]*$ ]] || continue
    substituteStream "$variable" "$description" --subst-var "$name"
  done
}

substituteAll() {
  local contents
  contents=$(cat -- "$1" && printf .)
  contents=${contents%.}
  substituteAllStream contents "$1"
  printf '%s' "$contents" >"$2"
}

# Gives scripts that name a program by /usr/bin/env or outside of the store its store path.
patchShebangs() {
  local file line interpreter name found
  while [[ ${1:-} == --* ]]; do shift; done
  while IFS= read -r -d "" file; do
    IFS= read -r line <"$file" 2>/dev/null || [[ -n $line ]] || continue
    [[ $line == "#!"* && $line != "#!$NIX_STORE/"* && $line != "#! $NIX_STORE/"* ]] || continue
    line=${line#"#!"}
    line=${line#"${line%%[! ]*}"}
    interpreter=${line%% *}
    name=${interpreter##*/}
    local rest=${line#"$interpreter"}
    if [[ $name == env ]]; then
      rest=${rest#" "}
      [[ $rest != "-S "* ]] || rest=${rest#"-S "}
      name=${rest%% *}
      rest=${rest#"$name"}
    fi
    found=$(type -P "$name") || continue
    chmod u+w "$file"
    sed -i "1s|.*|#!$found$rest|" "$file"
  done < <(find "$@" -type f -perm -0100 -print0)
}

unpackFile() {
  local source=$1 name
  name=$(stripHash "$source")
  if [[ -d $source ]]; then
    cp -r --preserve=timestamps --no-preserve=mode -- "$source" "$name"
    # Only directories and what may be run keep more than reading.
    (cd "$source" && find . -type f -perm -0100 -print0) | (cd "$name" && xargs -0r chmod +x)
  else
    case $source in
      *.tar | *.tar.* | *.tgz | *.tbz2 | *.txz) tar xf "$source" --mode=u+rw,uga+rX --warning=no-timestamp ;;
      *) nixErrorLog "do not know how to unpack $source"; return 1 ;;
    esac
  fi
}

dumpVars() {
  :
}

# ---- phases ----

unpackPhase() {
  runHook preUnpack
  local sources=() source entry before=()
  if [[ -n ${src:-} ]]; then sources=("$src"); else mapfile -t sources < <(_list srcs); fi
  if [[ ${#sources[@]} -eq 0 || -z ${sources[0]} ]]; then
    nixErrorLog "neither src nor srcs is set, and unpackPhase is not turned off (dontUnpack = true)"
    return 1
  fi
  before=(*)
  for source in "${sources[@]}"; do unpackFile "$source"; done
  if [[ -z ${sourceRoot:-} ]]; then
    for entry in */; do
      entry=${entry%/}
      [[ " ${before[*]} " == *" $entry "* ]] && continue
      if [[ -n ${sourceRoot:-} ]]; then
        nixErrorLog "the sources unpack to several folders; set sourceRoot"
        return 1
      fi
      sourceRoot=$entry
    done
  fi
  [[ -n ${sourceRoot:-} ]] || { nixErrorLog "the sources unpack to no folder"; return 1; }
  chmod -R u+w -- "$sourceRoot"
  runHook postUnpack
}

patchPhase() {
  runHook prePatch
  local file
  for file in $(_list patches); do patch -p1 <"$file"; done
  runHook postPatch
}

configurePhase() {
  runHook preConfigure
  if [[ -x ./configure ]]; then ./configure --prefix="$out" $(_list configureFlags); fi
  runHook postConfigure
}

buildPhase() {
  runHook preBuild
  if [[ -e Makefile ]]; then make -j"$NIX_BUILD_CORES" $(_list makeFlags); fi
  runHook postBuild
}

checkPhase() {
  runHook preCheck
  runHook postCheck
}

installPhase() {
  runHook preInstall
  if [[ -e Makefile ]]; then make install $(_list makeFlags); fi
  runHook postInstall
}

fixupPhase() {
  local output
  for output in $(getAllOutputNames); do
    [[ -e ${!output} ]] || continue
    chmod -R u+w,u-s,g-s -- "${!output}"
  done
  runHook preFixup
  for output in $(getAllOutputNames); do
    if [[ -z ${dontPatchShebangs:-} && -d ${!output} ]]; then patchShebangs "${!output}"; fi
  done
  if [[ -n ${setupHook:-} ]]; then
    mkdir -p "$out/nix-support"
    substituteAll "$setupHook" "$out/nix-support/setup-hook"
  fi
  if [[ -n $(_list propagatedBuildInputs) ]]; then
    mkdir -p "$out/nix-support"
    _list propagatedBuildInputs >"$out/nix-support/propagated-build-inputs"
  fi
  runHook postFixup
}

installCheckPhase() {
  runHook preInstallCheck
  runHook postInstallCheck
}

distPhase() {
  runHook preDist
  runHook postDist
}

runPhase() {
  local phase=$1 dont="dont${1^}"
  dont=${dont%Phase}
  case $phase in
    checkPhase) [[ -n ${doCheck:-} ]] || return 0 ;;
    installCheckPhase) [[ -n ${doInstallCheck:-} ]] || return 0 ;;
    distPhase) [[ -n ${doDist:-} ]] || return 0 ;;
    *) [[ -z ${!dont:-} ]] || return 0 ;;
  esac
  if [[ -n ${!phase:-} ]]; then eval "${!phase}"; else "$phase"; fi
  if [[ $phase == unpackPhase ]]; then cd -- "${sourceRoot:-.}"; fi
}

genericBuild() {
  if [[ -f ${buildCommandPath:-} ]]; then
    source "$buildCommandPath"
    return
  fi
  if [[ -n ${buildCommand:-} ]]; then
    eval "$buildCommand"
    return
  fi
  if [[ -z ${phases:-} ]]; then
    phases="${prePhases:-} unpackPhase patchPhase ${preConfigurePhases:-} configurePhase ${preBuildPhases:-} buildPhase checkPhase ${preInstallPhases:-} installPhase ${preFixupPhases:-} fixupPhase installCheckPhase ${preDistPhases:-} distPhase ${postPhases:-}"
  fi
  local phase
  for phase in $phases; do runPhase "$phase"; done
}
