import * as fs from "node:fs";
import type { Key, VerifyMessageResult } from "openpgp";
import { fileReasonOf, messageOf, VarveError } from "../../errors.ts";

type VerificationResult = VerifyMessageResult["signatures"][number];

/** A Release file as it comes: signed in itself (InRelease), or with its signature beside it. */
export type SignedRelease =
  | { readonly inRelease: Buffer }
  | { readonly release: Buffer; readonly signature: Buffer };

/**
 * The text that the signature covers. One good signature by one of the keys is enough, as for apt.
 * OpenPGP.js is loaded only here.
 *
 * @param keyrings files with keys, or keys in ASCII armor
 * @param where the file's URL, for errors
 * @throws VarveError `RELEASE_UNSIGNED`, `RELEASE_SIGNATURE`, `KEYRING_UNREADABLE`
 */
export async function verifiedText(
  signed: SignedRelease,
  keyrings: readonly string[],
  where: string,
): Promise<Buffer> {
  const keys = (await Promise.all(keyrings.map(keysOf))).flat();
  if (keys.length === 0) {
    throw new VarveError("RELEASE_SIGNATURE", `${where} cannot be checked: no keys are given`, {
      hint: "give a keyring, or install debian-archive-keyring",
    });
  }
  const { data, signatures } = await signaturesOf(signed, keys, where);
  const failures: string[] = [];
  for (const signature of signatures) {
    try {
      await signature.verified;
      await refuseOldKey(signature, keys);
      return data;
    } catch (error) {
      failures.push(failureText(signature, keys, error));
    }
  }
  throw new VarveError(
    "RELEASE_SIGNATURE",
    failures.length === 0
      ? `${where} bears no signature`
      : `${where} has no good signature: ${failures.join("; ")}`,
    { hint: `keys come from ${keyrings.map(keyringName).join(", ")}: are they up to date?` },
  );
}

/** OpenPGP.js asks whether the key was good when it signed; apt, whether it still is. */
async function refuseOldKey({ keyID }: VerificationResult, keys: readonly Key[]): Promise<void> {
  const key = keys.find((candidate) => candidate.getKeys(keyID).length > 0);
  await key?.getSigningKey(keyID, new Date());
}

async function signaturesOf(
  signed: SignedRelease,
  verificationKeys: Key[],
  where: string,
): Promise<{ data: Buffer; signatures: readonly VerificationResult[] }> {
  const openpgp = await import("openpgp");
  try {
    if ("inRelease" in signed) {
      const cleartextMessage = signed.inRelease.toString("utf8");
      const message = await openpgp.readCleartextMessage({ cleartextMessage });
      const { data, signatures } = await openpgp.verify({ message, verificationKeys });
      return { data: Buffer.from(data, "utf8"), signatures };
    }
    const message = await openpgp.createMessage({ binary: signed.release });
    const armored = signed.signature.toString("latin1").includes("-----BEGIN");
    const signature = await (armored
      ? openpgp.readSignature({ armoredSignature: signed.signature.toString("latin1") })
      : openpgp.readSignature({ binarySignature: signed.signature }));
    const options = { message, signature, verificationKeys, format: "binary" as const };
    const { signatures } = await openpgp.verify(options);
    return { data: signed.release, signatures };
  } catch (error) {
    throw new VarveError("RELEASE_UNSIGNED", `${where} is not signed: ${messageOf(error)}`, {
      cause: error,
      hint: "does the mirror answer with a page of its own, or is the repository unsigned?",
    });
  }
}

async function keysOf(keyring: string): Promise<Key[]> {
  const openpgp = await import("openpgp");
  try {
    if (isArmored(keyring)) return await openpgp.readKeys({ armoredKeys: keyring });
    const bytes = fs.readFileSync(keyring);
    const text = bytes.toString("latin1");
    return isArmored(text)
      ? await openpgp.readKeys({ armoredKeys: text })
      : await openpgp.readKeys({ binaryKeys: bytes });
  } catch (error) {
    throw new VarveError(
      "KEYRING_UNREADABLE",
      `${keyringName(keyring)} cannot be read as OpenPGP keys: ${fileReasonOf(error)}`,
      { cause: error, hint: "a keyring is what `gpg --export` writes, with or without --armor" },
    );
  }
}

function isArmored(text: string): boolean {
  return text.includes("-----BEGIN PGP PUBLIC KEY BLOCK-----");
}

function keyringName(keyring: string): string {
  return isArmored(keyring) ? "the key in the recipe or in apt's sources" : keyring;
}

/** Why one signature does not count, with the key it is by. */
function failureText({ keyID }: VerificationResult, keys: readonly Key[], error: unknown): string {
  const id = keyID.toHex().toUpperCase();
  const isKnown = keys.some((key) => key.getKeys().some((known) => known.getKeyID().equals(keyID)));
  if (!isKnown) return `key ${id} is not in the keyrings`;
  const why = messageOf(error);
  if (/expired/i.test(why)) return `key ${id} has expired`;
  if (/revoked/i.test(why)) return `key ${id} is revoked`;
  return `by key ${id}: ${why}`;
}
