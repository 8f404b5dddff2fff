import * as v from "valibot";
import { VarveError } from "../../errors.ts";
import { userSchema } from "./system-files.ts";

/** Version of the lock's form. */
const LOCK_VERSION = 1;

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "not a SHA-256"));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const poolPath = v.pipe(
  v.string(),
  v.check((path) => !path.startsWith("/") && !path.split("/").includes(".."), "leaves the mirror"),
);

const pinnedSchema = v.strictObject({
  name: v.string(),
  version: v.string(),
  architecture: v.string(),
  suite: v.string(),
  path: poolPath,
  size: bytes,
  sha256,
});

const packageSchema = v.strictObject({
  ...pinnedSchema.entries,
  installedSize: bytes,
  depends: v.array(v.string()),
  /** It declares users in sysusers.d, as its dependency on what makes these tells. */
  sysusers: v.optional(v.literal(true)),
});

const lockSchema = v.strictObject({
  version: v.literal(LOCK_VERSION),
  /** What was asked for: when that changes, so must the lock. */
  request: v.strictObject({
    architecture: v.string(),
    packages: v.array(v.string()),
    alone: v.array(v.string()),
    without: v.array(v.string()),
    recommends: v.boolean(),
    essential: v.boolean(),
    passwd: v.boolean(),
    certificates: v.boolean(),
    users: v.array(userSchema),
  }),
  suites: v.array(
    v.strictObject({
      name: v.string(),
      origin: v.optional(v.string()),
      date: v.optional(v.string()),
    }),
  ),
  packages: v.array(packageSchema),
  /** Packages that are not in the image, but that its system files are made from. */
  system: v.strictObject({
    passwd: v.optional(pinnedSchema),
    certificates: v.optional(pinnedSchema),
  }),
});

/** A package that is pinned by its content. */
export type PinnedPackage = v.InferOutput<typeof pinnedSchema>;
/** A package of the image. */
export type LockedPackage = v.InferOutput<typeof packageSchema>;
/** All that decides an image's Debian part: the same on every machine, at any time. */
export type DebianLock = v.InferOutput<typeof lockSchema>;
export type LockedRequest = DebianLock["request"];
/** A suite as it was when the lock was made. */
export type LockedSuite = DebianLock["suites"][number];

/** The lock as it is written and compared: keys and packages in one order. */
export function lockToJson(lock: DebianLock): string {
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

/**
 * Reads what `lockToJson` wrote, or the same as a part of a larger file.
 *
 * @param where the file, and the place in it, for errors
 * @throws VarveError `LOCK_INVALID`
 */
export function parseLock(json: unknown, where: string): DebianLock {
  const result = v.safeParse(lockSchema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  throw new VarveError(
    "LOCK_INVALID",
    `${where}${place === null ? "" : `, at ${place}`}: ${issue.message}`,
    { hint: "make it anew: varve lock --update" },
  );
}

/** What differs between what a lock was made for and what is asked for now; undefined if nothing. */
export function staleness(lock: DebianLock, request: LockedRequest): string | undefined {
  for (const key of Object.keys(request) as Array<keyof LockedRequest>) {
    const [locked, now] = [lock.request[key], request[key]].map((value) => JSON.stringify(value));
    if (locked !== now) return `${key} is ${now}, and ${locked} in the lock`;
  }
  return undefined;
}
