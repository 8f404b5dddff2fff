/** No line of an engine is longer; more is no JSON stream. */
const maxLineLength = 16 << 20;

/**
 * The values of a stream of JSON lines, however it is cut into chunks.
 *
 * @throws SyntaxError for a line that is not JSON, and whatever the stream throws
 */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() !== "") yield parse(line);
    }
    if (rest.length > maxLineLength) throw new SyntaxError("a line without an end");
  }
  rest += decoder.decode();
  if (rest.trim() !== "") yield parse(rest);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new SyntaxError(`not a line of JSON: ${line.slice(0, 200).trim()}`);
  }
}
