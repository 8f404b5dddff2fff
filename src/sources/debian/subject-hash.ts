import { createHash } from "node:crypto";

/** A value of DER: its tag, its content, and the whole. */
interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION = 0xa0;
const UTF8_STRING = 0x0c;
const BMP_STRING = 0x1e;
const UNIVERSAL_STRING = 0x1c;
/** Types whose text counts, not its coding: besides these, PrintableString, T61, IA5, Visible. */
const LATIN_STRINGS = new Set([0x13, 0x14, 0x16, 0x1a]);

/**
 * The name under which OpenSSL looks for an authority's certificate in a folder, as `openssl x509
 * -hash` prints it: the first four bytes, little end first, of the SHA-1 of the subject in
 * OpenSSL's canonical form (texts as UTF-8, without case, with single spaces).
 *
 * @param pem a certificate in PEM
 * @returns eight hexadecimal digits; undefined for what is no certificate
 */
export function subjectHash(pem: string): string | undefined {
  const subject = subjectOf(pem);
  if (subject === undefined) return undefined;
  const digest = createHash("sha1").update(canonicalName(subject)).digest();
  return digest.readUInt32LE(0).toString(16).padStart(8, "0");
}

function subjectOf(pem: string): DerValue | undefined {
  const base64 = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem)?.[1];
  if (base64 === undefined) return undefined;
  const [certificate] = valuesIn(Buffer.from(base64, "base64"));
  const [toBeSigned] = certificate === undefined ? [] : valuesIn(certificate.content);
  const fields = toBeSigned === undefined ? [] : valuesIn(toBeSigned.content);
  // Serial number, algorithm, issuer, validity, subject; before them the version where it is not 1.
  const subject = fields[fields[0]?.tag === VERSION ? 5 : 4];
  return subject?.tag === SEQUENCE ? subject : undefined;
}

/** The name's sets, one after the other, without what goes around them. */
function canonicalName(name: DerValue): Buffer {
  return Buffer.concat(
    valuesIn(name.content).map((set) => {
      const pairs = valuesIn(set.content).map((pair) => {
        const [type, value] = valuesIn(pair.content);
        return der(SEQUENCE, Buffer.concat([type!.whole, canonicalValue(value!)]));
      });
      return der(SET, Buffer.concat(pairs.toSorted((a, b) => Buffer.compare(a, b))));
    }),
  );
}

function canonicalValue(value: DerValue): Buffer {
  const text = textOf(value);
  if (text === undefined) return value.whole;
  const canonical = text
    .replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "")
    .replace(/[ \t\n\v\f\r]+/g, " ")
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return der(UTF8_STRING, Buffer.from(canonical, "utf8"));
}

function textOf({ tag, content }: DerValue): string | undefined {
  if (tag === UTF8_STRING) return content.toString("utf8");
  if (tag === BMP_STRING) return Buffer.from(content).swap16().toString("utf16le");
  if (tag === UNIVERSAL_STRING) {
    const points: number[] = [];
    for (let at = 0; at + 4 <= content.length; at += 4) points.push(content.readUInt32BE(at));
    return String.fromCodePoint(...points);
  }
  return LATIN_STRINGS.has(tag) ? content.toString("latin1") : undefined;
}

/** The values that follow each other in these bytes; none where they are not DER. */
function valuesIn(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes[at + 1]!;
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + lengthBytes;
    if (lengthBytes > 4 || start > bytes.length) return [];
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    const end = start + length;
    if (end > bytes.length) return [];
    const content = bytes.subarray(start, end);
    values.push({ tag: bytes[at]!, content, whole: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = Buffer.from(length.toString(16).padStart(length < 0x100 ? 2 : 4, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, content]);
}
