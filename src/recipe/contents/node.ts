import * as v from "valibot";
import { closedObject } from "../closed-object.ts";
import { oneOrMore } from "./one-or-more.ts";

/** The Node program, as the npm registry has it. */
export const nodeContents = closedObject({
  /** A version or a range of them: `24`, `^24.11`, `lts`. */
  node: v.pipe(v.string(), v.minLength(1, 'Expected a version of Node, such as "24"')),
});

/** A Node project: its packages for production, its workspaces, and the application. */
export const npmContents = closedObject({
  /** The application's folder. */
  npm: v.string(),
  /** Where it goes. [/app] */
  to: v.optional(
    v.pipe(v.string(), v.regex(/^\/[^/]/, 'Expected a place in the image, such as "/app"')),
    "/app",
  ),
  /**
   * Where packages come from: the installed tree, what was published, or `auto`: the tree where it
   * is as published.
   */
  content: v.optional(v.picklist(["auto", "installed", "published"]), "auto"),
  /** Scripts of the project that are run first, such as `build`. [none] */
  run: v.optional(oneOrMore),
  /** Files of the application that the image must have, whatever leaves them out. */
  always: v.optional(v.array(v.string())),
});
