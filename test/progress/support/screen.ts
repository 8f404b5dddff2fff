/** What a terminal shows after this has been written to it, as far as we use one. */
export function screenAfter(text: string): string[] {
  const rows: string[] = [""];
  let [row, column] = [0, 0];
  // oxlint-disable-next-line no-control-regex
  for (const [token, count, command] of text.matchAll(/\u001b\[(\d*)([AJKm])|[\s\S]/g)) {
    const line = rows[row] ?? "";
    if (command === "A") row -= Number(count);
    else if (command === "K") rows[row] = line.slice(0, column);
    else if (command === "J") rows.splice(row, Infinity, line.slice(0, column));
    else if (token === "\r") column = 0;
    else if (token === "\n") {
      row += 1;
      column = 0;
      rows[row] ??= "";
    } else if (command === undefined) {
      rows[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + 1);
      column += 1;
    }
    if (row < 0) throw new Error("above the screen");
  }
  while (rows.at(-1) === "") rows.pop();
  return rows;
}
