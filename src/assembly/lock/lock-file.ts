import * as fs from "node:fs";
import * as v from "valibot";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";
import { parseLock } from "../../sources/debian/lock.ts";
import type { DebianLock } from "../../sources/debian/lock.ts";
import type { NodeRuntimeLock } from "../../sources/npm/runtime/node-runtime.ts";

/** Version of the file's form. */
const LOCK_FILE_VERSION = 1;

const nodeLockSchema = v.strictObject({
  integrity: v.record(v.string(), v.string()),
  range: v.string(),
  version: v.string(),
});

const fileSchema = v.strictObject({
  version: v.literal(LOCK_FILE_VERSION),
  images: v.record(
    v.string(),
    v.record(
      v.string(),
      v.strictObject({ debian: v.optional(v.unknown()), node: v.optional(nodeLockSchema) }),
    ),
  ),
});

/** What pins an image for one platform beyond the project's own lockfiles. */
export interface ImageLock {
  readonly debian?: DebianLock | undefined;
  readonly node?: NodeRuntimeLock | undefined;
}

/** `varve.lock`: image name → platform → what is pinned. */
export type LockFile = Readonly<Record<string, Readonly<Record<string, ImageLock>>>>;

/**
 * Reads `varve.lock`; a file that is not there pins nothing.
 *
 * @throws VarveError `LOCK_INVALID`, `LOCK_UNREADABLE`
 */
export function readLockFile(file: string): LockFile {
  const text = textOf(file);
  if (text === undefined) return {};
  const result = v.safeParse(fileSchema, parsed(text, file));
  if (!result.success) {
    const [issue] = result.issues;
    throw invalid(`${file}, at ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  return mapImages(result.output.images, ({ debian, node }, place) => ({
    ...(debian === undefined ? {} : { debian: parseLock(debian, `${file}, ${place}.debian`) }),
    ...(node === undefined ? {} : { node }),
  }));
}

/**
 * Writes `varve.lock`, in one step.
 *
 * @throws VarveError `LOCK_UNWRITABLE`
 */
export function writeLockFile(file: string, images: LockFile): void {
  const beside = `${file}.${process.pid}.partial`;
  try {
    fs.writeFileSync(beside, lockFileText(images));
    fs.renameSync(beside, file);
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw new VarveError("LOCK_UNWRITABLE", `${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
      hint: "make it where it can be written, and build with --locked here",
    });
  }
}

/** The file's text: names and platforms sorted, so that it changes only with what it says. */
function lockFileText(images: LockFile): string {
  const sorted = mapImages(images, (lock) => lock);
  return `${JSON.stringify({ version: LOCK_FILE_VERSION, images: sorted }, undefined, 2)}\n`;
}

function mapImages<Input, Output>(
  images: Readonly<Record<string, Readonly<Record<string, Input>>>>,
  change: (input: Input, place: string) => Output,
): Record<string, Record<string, Output>> {
  const sorted: Record<string, Record<string, Output>> = {};
  for (const name of Object.keys(images).toSorted()) {
    const platforms: Record<string, Output> = {};
    for (const platform of Object.keys(images[name]!).toSorted()) {
      platforms[platform] = change(images[name]![platform]!, `${name}.${platform}`);
    }
    sorted[name] = platforms;
  }
  return sorted;
}

function textOf(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw new VarveError("LOCK_UNREADABLE", `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${file} is not JSON: ${messageOf(error)}`, error);
  }
}

function invalid(message: string, cause?: unknown): VarveError {
  return new VarveError("LOCK_INVALID", message, {
    cause,
    hint: "make it anew: varve lock --update",
  });
}
