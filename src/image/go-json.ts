/*
 * JSON as Go's encoding/json passes it on: the text as it was, without its white space, and with
 * what could be mistaken for HTML escaped.
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|\s+|[^"\s]+/g;
const PART = /"(?:[^"\\]|\\.)*"|[{}[\],:]|\s+|[^"{}[\],:\s]+/g;
const TO_ESCAPE = /[<>&\u2028\u2029]/g;

/** JSON text without white space between its parts; strings and numbers as they were spelled. */
export function compactGoJson(text: string): string {
  return text.replace(TOKEN, (token) => {
    if (!token.startsWith('"')) return token.trim();
    return token.replace(
      TO_ESCAPE,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  });
}

/**
 * The members of a JSON object, each value's text as it stands. Of a key that occurs twice the last
 * counts.
 *
 * @param text valid JSON
 */
export function goJsonMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  let value = "";
  const finish = (): void => {
    if (key !== undefined) members.set(key, value.trim());
    [key, value] = [undefined, ""];
  };
  for (const [part] of text.matchAll(PART)) {
    if (part === "}" || part === "]") depth -= 1;
    if (depth === 0 || (depth === 1 && part === ",")) finish();
    else if (depth === 1 && key === undefined) {
      if (part.startsWith('"')) key = JSON.parse(part) as string;
    } else if (depth > 1 || part !== ":") value += part;
    if (part === "{" || part === "[") depth += 1;
  }
  return members;
}
