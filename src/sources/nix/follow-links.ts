import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../../errors.ts";

/** As many links as Linux follows. */
const MOST_LINKS = 40;

export interface FollowOptions {
  /** Where a path lies that a link leads to: in a store under a root, links lead to logical names. */
  readonly locate: (file: string) => string;
  /** Ends the walk before all links are followed. Asked with what is known of the whole path. */
  readonly isThere?: (file: string) => boolean;
}

/**
 * Where a path leads to, links followed component by component. What does not exist is kept as it
 * is.
 *
 * @param file absolute
 * @throws VarveError `SOURCE_UNREADABLE` for links that go round in circles
 */
export function followLinks(file: string, { locate, isThere }: FollowOptions): string {
  let done = "/";
  const ahead = partsOf(file);
  for (let links = 0; ahead.length > 0;) {
    const whole = path.join(done, ...ahead);
    if (isThere?.(whole) === true) return whole;
    const next = path.join(done, ahead.shift()!);
    const target = linkTarget(locate(next));
    if (target === undefined) {
      done = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) {
      throw new VarveError("SOURCE_UNREADABLE", `the links of ${file} go round in circles`);
    }
    ahead.unshift(...partsOf(path.resolve(done, target)));
    done = "/";
  }
  return done;
}

function linkTarget(file: string): string | undefined {
  try {
    return fs.readlinkSync(file);
  } catch {
    return undefined;
  }
}

function partsOf(file: string): string[] {
  return file.split("/").filter((part) => part !== "");
}
