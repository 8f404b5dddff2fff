/** A header field by field, as no writer of ours makes it. */
export interface RawHeader {
  readonly name?: string;
  readonly mode?: string;
  /** Twelve bytes at most, as they shall stand. */
  readonly size?: string;
  readonly typeFlag?: string;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
}

/** A header block with a right checksum. */
export function rawHeader(fields: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  block.write(fields.name ?? "", 0, 100, "latin1");
  block.write(fields.mode ?? "0000644\0", 100, 8, "latin1");
  block.write(fields.size ?? "00000000000\0", 124, 12, "latin1");
  block.write(" ".repeat(8), 148, 8, "latin1");
  block.write(fields.typeFlag ?? "0", 156, 1, "latin1");
  block.write(fields.link ?? "", 157, 100, "latin1");
  block.write(fields.magic ?? "ustar\u{0}00", 257, 8, "latin1");
  block.write(fields.prefix ?? "", 345, 155, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return block;
}

/** A header and content up to the next block. */
export function rawMember(fields: RawHeader, content: string | Uint8Array = ""): Buffer {
  const bytes = Buffer.from(content as string, "latin1");
  const size = fields.size ?? `${bytes.length.toString(8).padStart(11, "0")}\0`;
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  return Buffer.concat([rawHeader({ ...fields, size }), bytes, padding]);
}

export const END_OF_ARCHIVE: Buffer = Buffer.alloc(1024);
