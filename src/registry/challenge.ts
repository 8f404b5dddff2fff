/** What a registry wants to see before it answers (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SEPARATOR = /[\s,]*/y;
const SCHEME = /([!#$%&'*+.^_`|~\w-]+)(?=\s|,|$)/y;
const PARAMETER = /([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;

/** Parses `WWW-Authenticate`, which may hold several challenges; what is malformed ends it. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const challenges: Array<{ scheme: string; parameters: Map<string, string> }> = [];
  const text = header ?? "";
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    match(SEPARATOR);
    const current = challenges.at(-1);
    const parameter = current === undefined ? null : match(PARAMETER);
    if (parameter !== null) {
      const [, name, quoted, bare] = parameter;
      const value = quoted === undefined ? bare! : quoted.replace(/\\(.)/g, "$1");
      current!.parameters.set(name!.toLowerCase(), value);
      continue;
    }
    const scheme = match(SCHEME);
    if (scheme === null) return challenges;
    challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters: new Map() });
  }
}
