# makeWrapper PROGRAM WRAPPER OPTIONS…: writes a bash script that sets the environment and runs PROGRAM.
# The options of nixpkgs' makeWrapper that are in common use.

_wrapperEdit() {
  # Adds $3 at the front or the back of the list $1 that $2 separates, once.
  local side=$1 variable=$2 separator=$3 value=$4
  if [[ $side == prefix ]]; then
    printf 'export %s=%q${%s:+%q$%s}\n' "$variable" "$value" "$variable" "$separator" "$variable"
  else
    printf 'export %s=${%s:+$%s%q}%q\n' "$variable" "$variable" "$variable" "$separator" "$value"
  fi
}

makeShellWrapper() {
  local program=$1 wrapper=$2 before= after= argv0='-a "$0" '
  shift 2
  [[ -x $program ]] || { nixErrorLog "makeWrapper: $program cannot be run"; return 1; }
  mkdir -p "$(dirname "$wrapper")"
  {
    printf '#!%s -e\n' "@shell@"
    while [[ $# -gt 0 ]]; do
      case $1 in
        --set) printf 'export %s=%q\n' "$2" "$3"; shift 3 ;;
        --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3"; shift 3 ;;
        --unset) printf 'unset %s\n' "$2"; shift 2 ;;
        --chdir) printf 'cd %q\n' "$2"; shift 2 ;;
        --run) printf '%s\n' "$2"; shift 2 ;;
        --prefix | --suffix) _wrapperEdit "${1#--}" "$2" "$3" "$4"; shift 4 ;;
        --add-flags) before+=" $2"; shift 2 ;;
        --append-flags) after+=" $2"; shift 2 ;;
        --add-flag) before+=$(printf ' %q' "$2"); shift 2 ;;
        --append-flag) after+=$(printf ' %q' "$2"); shift 2 ;;
        --argv0) argv0=$(printf -- '-a %q ' "$2"); shift 2 ;;
        --inherit-argv0) argv0='-a "$0" '; shift ;;
        --resolve-argv0) shift ;;
        *) nixErrorLog "makeWrapper: unknown option $1"; return 1 ;;
      esac
    done
    printf 'exec %s"%s"%s "$@"%s\n' "$argv0" "$program" "$before" "$after"
  } >"$wrapper"
  chmod +x "$wrapper"
}

makeWrapper() {
  makeShellWrapper "$@"
}

makeBinaryWrapper() {
  makeShellWrapper "$@"
}

wrapProgram() {
  local program=$1 hidden
  hidden=$(dirname "$program")/.$(basename "$program")-wrapped
  mv "$program" "$hidden"
  shift
  makeShellWrapper "$hidden" "$program" --inherit-argv0 "$@"
}
