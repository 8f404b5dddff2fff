import * as v from "valibot";

export const storePathSchema = v.pipe(v.string(), v.startsWith("/", "Expected an absolute path"));

/** Nix gives these as text. */
export const idSchema = v.pipe(
  v.union([v.string(), v.number()]),
  v.check((value) => /^\d{1,10}$/.test(String(value)), "Expected a user or group number"),
  v.transform(Number),
);

const modeSchema = v.pipe(
  v.string(),
  v.regex(/^0?[0-7]{3,4}$/, 'Expected an octal mode such as "0755"'),
  v.transform((text) => Number.parseInt(text, 8)),
);

const regexSchema = v.pipe(
  v.string(),
  v.check((text) => {
    try {
      return new RegExp(text) instanceof RegExp;
    } catch {
      return false;
    }
  }, "Expected a regular expression"),
);

const digestSchema = v.pipe(
  v.string(),
  v.regex(/^sha256:[0-9a-f]{64}$/, "Expected sha256: and 64 hexadecimal digits"),
);

const sizeSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What is known of a layer's bytes before they are made. */
export const layerDigestSchema = v.object({
  diff_id: digestSchema,
  /** Bytes of the tar. */
  size: sizeSchema,
  /** Which blob it becomes, by codec. */
  codings: v.optional(
    v.array(v.object({ codec: v.string(), digest: digestSchema, size: sizeSchema })),
    [],
  ),
});

const owner = {
  uid: v.nullish(idSchema),
  gid: v.nullish(idSchema),
  uname: v.nullish(v.string()),
  gname: v.nullish(v.string()),
};

/** Mode, owner and capabilities of the entries of one tree that a pattern finds. */
const permissionSchema = v.object({
  path: storePathSchema,
  regex: v.optional(regexSchema, ""),
  mode: v.nullish(modeSchema),
  /** As setcap(8) takes them. */
  capabilities: v.nullish(v.string()),
  ...owner,
});

/** A store path whose content is moved to another place in the image. */
const movedTreeSchema = v.object({
  from: storePathSchema,
  /** Absolute place in the image; `""` is its root. */
  at: v.optional(v.pipe(v.string(), v.regex(/^(?:\/.*[^/])?$/, "Expected an absolute place")), ""),
  modes: v.optional(v.picklist(["as-is", "normalised"]), "as-is"),
  ...owner,
});

/** A layer that the conf describes whole, beyond what dockerTools knows. */
export const confLayerSchema = v.object({
  /** Store paths that lie in it where they lie in the store. */
  paths: v.optional(v.array(storePathSchema), []),
  trees: v.optional(v.array(movedTreeSchema), []),
  perms: v.optional(v.array(permissionSchema), []),
  /** Its tar, where that is kept; nothing is packed then. */
  tar: v.nullish(storePathSchema),
  /** Owner and date of what has none of its own; absent, the image's. */
  ...owner,
  mtime: v.nullish(v.string()),
  metadata: v.optional(
    v.object({
      created_by: v.optional(v.string()),
      author: v.optional(v.string()),
      comment: v.optional(v.string()),
    }),
    {},
  ),
  digest: v.nullish(layerDigestSchema),
});

export type ConfLayer = v.InferOutput<typeof confLayerSchema>;
export type ConfLayerDigest = v.InferOutput<typeof layerDigestSchema>;
