import { VarveError } from "../../errors.ts";
import { readAt } from "../../io/file-bytes.ts";

/** A member of an ar archive, and where its content lies in the file. */
export interface ArMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const MAGIC = "!<arch>\n";
const HEADER_LENGTH = 60;
const HEADER_END = "`\n";

/**
 * The members of an ar archive as deb(5) has it: the common format, without long names.
 *
 * @throws VarveError `DEB_DAMAGED`
 */
export function arMembers(fd: number, length: number, what: string): ArMember[] {
  const damaged = (why: string): VarveError =>
    new VarveError("DEB_DAMAGED", `${what} is damaged: ${why}`);
  if (readAt(fd, 0, MAGIC.length).toString("latin1") !== MAGIC) {
    throw damaged("it is not a Debian package");
  }
  const members: ArMember[] = [];
  let offset = MAGIC.length;
  while (offset < length) {
    const header = readAt(fd, offset, HEADER_LENGTH).toString("latin1");
    const size = /^\d+ *$/.test(header.slice(48, 58)) ? Number(header.slice(48, 58)) : -1;
    if (header.length < HEADER_LENGTH || header.slice(58) !== HEADER_END || size < 0) {
      throw damaged(`there is no member at byte ${offset}`);
    }
    const name = header.slice(0, 16).trimEnd().replace(/\/$/, "");
    offset += HEADER_LENGTH;
    if (offset + size > length) throw damaged(`it ends in the middle of ${name}`);
    members.push({ name, offset, size });
    offset += size + (size % 2);
  }
  return members;
}
