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
  /** Whether packages that others recommend come along. [false] */
  recommends: v.optional(v.boolean(), false),
  /** Whether manuals, translations and documentation stay in. [false] */
  documentation: v.optional(v.boolean(), false),
});
