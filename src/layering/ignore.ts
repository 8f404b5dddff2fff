/**
 * Reads an ignore list: the ids of components that go into no layer, one a line, as the ignore
 * file of dockerTools' auto-layer holds them.
 */
export function parseIgnoreList(text: string): Set<string> {
  const lines = text.split("\n").map((line) => line.trim());
  return new Set(lines.filter((line) => line !== ""));
}
