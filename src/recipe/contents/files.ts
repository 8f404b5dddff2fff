import * as v from "valibot";
import { closedObject } from "../closed-object.ts";
import { chosenByKey } from "./chosen-by-key.ts";

const owner = v.optional(
  v.union([
    v.string(),
    closedObject({
      uid: v.number(),
      gid: v.number(),
      uname: v.optional(v.string()),
      gname: v.optional(v.string()),
    }),
  ]),
);
const attributes = {
  /** Octal digits: `"0755"`. */
  mode: v.optional(v.string()),
  /** `"1000:1000"`. */
  owner,
  /** As setcap takes them: `"cap_net_bind_service=+ep"`. */
  capabilities: v.optional(v.string()),
};
const to = v.string();

/** A folder or file of the project. */
export const copiedFiles = closedObject({
  from: v.string(),
  to,
  include: v.optional(v.array(v.string())),
  exclude: v.optional(v.array(v.string())),
  modes: v.optional(v.picklist(["normalised", "as-is"])),
  attributes: v.optional(v.array(closedObject({ match: v.string(), ...attributes }))),
  symlinks: v.optional(v.picklist(["relative", "any"])),
  ...attributes,
});
const generated = closedObject({ to, content: v.string(), ...attributes });
const symlink = closedObject({ to, symlink: v.string(), owner });
const folder = closedObject({ to, directory: v.literal(true), ...attributes });

/** What goes into the image from the project, or is only declared. */
const declaration = chosenByKey(
  { from: copiedFiles, content: generated, symlink, directory: folder },
  "a file: from, content, symlink or directory, and to",
);

const declarations = v.array(declaration);
const oneDeclaration = v.pipe(
  declaration,
  v.transform((one) => [one]),
);

// Not a union, whose errors would not say what is wrong with the one that was meant.
const oneOrMoreFiles = v.lazy((input): typeof declarations | typeof oneDeclaration =>
  Array.isArray(input) ? declarations : oneDeclaration,
);

/** Files and folders of the project, generated files, symlinks. */
export const filesContents = closedObject({
  files: Object.assign(oneOrMoreFiles, { choices: [oneDeclaration, declarations] }),
});
