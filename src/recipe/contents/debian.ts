import * as v from "valibot";
import { closedObject } from "../closed-object.ts";
import { oneOrMore } from "./one-or-more.ts";

/** Debian's packages and what they depend on. */
export const debianContents = closedObject({
  /** `redis-server`, `libc6=2.36-9+deb12u9`. */
  debian: oneOrMore,
  /** `bookworm`, or several: `["bookworm", "bookworm-security"]`. [the machine's own apt settings] */
  suite: v.optional(oneOrMore),
  /** Where the archive is. [the machine's own apt settings] */
  mirror: v.optional(v.string()),
  /** Of the archive. [main] */
  components: v.optional(v.array(v.string())),
  /** File with the keys that sign the archive. [Debian's own, of this machine] */
  keyring: v.optional(v.string()),
  /** Whether an outdated Release file is refused, which those of a snapshot all are. [true] */
  checkValidUntil: v.optional(v.boolean(), true),
  /** Packages whose dependencies stay out. [base-files] */
  alone: v.optional(v.array(v.string())),
  /** Packages that stay out, whoever depends on them. [what only maintainer scripts need] */
  without: v.optional(v.array(v.string())),
  /** Users beside Debian's own. [nonroot, 65532] */
  users: v.optional(
    v.array(closedObject({ name: v.string(), id: v.number(), home: v.optional(v.string()) })),
  ),
  /** Whether packages that others recommend come along. [false] */
  recommends: v.optional(v.boolean(), false),
  /** Whether manuals, translations and documentation stay in. [false] */
  documentation: v.optional(v.boolean(), false),
});
