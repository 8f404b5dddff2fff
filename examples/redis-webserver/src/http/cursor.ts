/** Where a list goes on, as text that clients pass back without looking into it. */
export function encodeCursor(after: string): string {
  return Buffer.from(after).toString("base64url");
}

/** Null for text that no {@link encodeCursor} has made. */
export function decodeCursor(cursor: string): string | null {
  const after = Buffer.from(cursor, "base64url").toString();
  return encodeCursor(after) === cursor ? after : null;
}
