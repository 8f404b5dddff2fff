import type { Layer } from "../image/layer.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { BLOCK_SIZE, paddingOf } from "../tar/header.ts";
import { MemberHeaders } from "../tar/reader.ts";
import type { TarMember } from "../tar/reader.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/**
 * The symlinks at the top of an image: `bin` → `usr/bin` where `/usr` is merged. A file that is to
 * lie below one of them belongs where it leads; a folder in its place would take it away from
 * everything that is there. Layers are read through, but their headers alone are looked at.
 *
 * @param layers bottom first
 * @throws VarveError `TAR_DAMAGED`; whatever the layers throw
 */
export async function rootLinksOf(layers: readonly Layer[]): Promise<Map<ByteString, ByteString>> {
  const links = new Map<ByteString, ByteString>();
  for (const layer of layers) {
    for await (const { name, typeFlag, link } of membersIn(layer.stream())) {
      const top = name.replace(/^(?:\.?\/)+/, "").replace(/\/$/, "");
      if (top === OPAQUE) links.clear();
      else if (top.includes("/") || top === "" || top === ".") continue;
      else if (top.startsWith(WHITEOUT)) links.delete(top.slice(WHITEOUT.length));
      else if (typeFlag === "2") links.set(top, link);
      else links.delete(top);
    }
  }
  return links;
}

/** The members of a tar as it comes. */
async function* membersIn(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarMember, void, undefined> {
  const headers = new MemberHeaders();
  const reader = new StreamReader(chunks);
  try {
    for (;;) {
      const at = reader.offset;
      const header = headers.read(await reader.take(BLOCK_SIZE), at);
      if (header === undefined) break;
      if ("extension" in header) {
        headers.extend(header, await reader.take(header.size), reader.offset - header.size);
        await reader.skip(paddingOf(header.size));
      } else {
        yield header;
        await reader.skip(header.size + paddingOf(header.size));
      }
    }
    // To the end, where a layer's digest is checked.
    await reader.skip(Number.MAX_SAFE_INTEGER);
  } finally {
    await reader.close();
  }
}

/** Takes so many bytes of a stream at a time. */
class StreamReader {
  offset = 0;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Fewer at the end. */
  async take(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    await this.#pass(length, (bytes) => parts.push(bytes));
    return Buffer.concat(parts);
  }

  skip(length: number): Promise<void> {
    return this.#pass(length, () => undefined);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #pass(length: number, see: (bytes: Uint8Array) => void): Promise<void> {
    let wanted = length;
    while (wanted > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) return;
        this.#rest = next.value;
      }
      const bytes = this.#rest.subarray(0, wanted);
      this.#rest = this.#rest.subarray(bytes.length);
      this.offset += bytes.length;
      wanted -= bytes.length;
      see(bytes);
    }
  }
}
