/** What a start script comes to, when it is one plain command. */
export type StartCommand =
  | {
      readonly kind: "node";
      /** Options for Node itself. */
      readonly options: readonly string[];
      readonly file: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "program";
      readonly program: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    };

/** Options of Node that take the next word as their value (`node --help`). */
const WITH_VALUE = new Set([
  "-r",
  "--require",
  "--import",
  "--loader",
  "--experimental-loader",
  "-C",
  "--conditions",
  "--env-file",
  "--title",
]);
/** Options for developing, which make no sense in an image. */
const FOR_DEVELOPERS = /^--(?:watch(?:-path(?:=.*)?)?|inspect(?:-brk)?(?:=.*)?)$/;
/** Words in front of the command that mean nothing to it. */
const WRAPPERS = new Set(["cross-env", "exec", "npx", "dotenv", "--"]);
const ASSIGNMENT = /^([A-Za-z_]\w*)=(.*)$/s;
const RUN = /^(?:npm|pnpm|yarn)(?:\s+run)?\s+([\w:.-]+)$/;

/**
 * Understands a script of `package.json` as one command. Undefined for what only a shell can run.
 *
 * @param scripts by which `npm run other` is followed
 */
export function parseStartCommand(
  script: string,
  scripts: Readonly<Record<string, string>> = {},
): StartCommand | undefined {
  return follow(script, scripts, new Set());
}

function follow(
  script: string,
  scripts: Readonly<Record<string, string>>,
  seen: Set<string>,
): StartCommand | undefined {
  const other = RUN.exec(script.trim())?.[1];
  if (other !== undefined) {
    const next = scripts[other];
    if (next === undefined || seen.has(other)) return undefined;
    seen.add(other);
    return follow(next, scripts, seen);
  }
  const words = splitWords(script);
  if (words === undefined) return undefined;
  const env: Record<string, string> = {};
  let at = 0;
  for (; at < words.length; at += 1) {
    const assignment = ASSIGNMENT.exec(words[at]!);
    if (assignment !== null) env[assignment[1]!] = assignment[2]!;
    else if (!WRAPPERS.has(words[at]!)) break;
  }
  const [program, ...rest] = words.slice(at);
  if (program === undefined) return undefined;
  if (program !== "node") return { kind: "program", program, args: rest, env };
  return nodeCommand(rest, env);
}

function nodeCommand(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): StartCommand | undefined {
  const options: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (!word.startsWith("-")) {
      return { kind: "node", options, file: word, args: words.slice(at + 1), env };
    }
    if (/^(?:-e|--eval|-p|--print|--run|--test)\b/.test(word)) return undefined;
    if (FOR_DEVELOPERS.test(word)) continue;
    options.push(word);
    if (WITH_VALUE.has(word) && at + 1 < words.length) {
      at += 1;
      options.push(words[at]!);
    }
  }
  return undefined;
}

/** Words of a simple command; undefined where a shell would do more than split them. */
function splitWords(script: string): string[] | undefined {
  const words: string[] = [];
  const pattern = /\s*((?:"[^"$`\\]*"|'[^']*'|[^\s"'$`\\|&;<>()*?[\]{}~#!])+)/y;
  const text = script.trim();
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    words.push(
      match[1]!.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, a?: string, b?: string) => a ?? b ?? ""),
    );
    at = pattern.lastIndex;
  }
  return words;
}
