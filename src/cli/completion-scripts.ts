export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Asks varve itself for proposals, and falls back to file names. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_varve() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(varve __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -o filenames -F _varve varve
`,
  zsh: `#compdef varve
_varve() {
  local -a proposals
  proposals=("\${(@f)$(varve __complete -- "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
  if [[ -n "\${proposals[1]}" ]]; then
    compadd -a proposals
  else
    _files
  fi
}
compdef _varve varve
`,
  fish: `complete -c varve -a '(varve __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
