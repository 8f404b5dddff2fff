import type { DebianLock } from "../../sources/debian/lock.ts";
import type { NodeRuntimeLock } from "../../sources/npm/runtime/node-runtime.ts";
import type { ImageLock } from "./lock-file.ts";

/** One thing that is pinned otherwise than before. */
export interface PinChange {
  /** A package's name, or `node`. */
  readonly what: string;
  /** Version; undefined when it was not there. */
  readonly before: string | undefined;
  /** Version; undefined when it is not there any more. */
  readonly after: string | undefined;
}

/** What differs between two pins of an image, by name; the same version may be another build. */
export function pinChanges(before: ImageLock, after: ImageLock): PinChange[] {
  return [
    ...changes(debianPins(before), debianPins(after)),
    ...changes(nodePin(before), nodePin(after)),
  ];
}

/** A version, and what else makes a pin another one. */
interface Pin {
  readonly version: string;
  readonly content: string;
}

function debianPins({ debian }: ImageLock): ReadonlyMap<string, Pin> {
  if (debian === undefined) return new Map();
  const { packages, system } = debian;
  const all = [
    ...packages,
    ...[system.passwd, system.certificates].filter((one) => one !== undefined),
  ];
  return new Map(
    all.map(({ name, version, sha256 }): [string, Pin] => [name, { version, content: sha256 }]),
  );
}

function nodePin({ node }: ImageLock): ReadonlyMap<string, Pin> {
  if (node === undefined) return new Map();
  const { version, integrity } = node;
  return new Map([["node", { version, content: JSON.stringify(integrity) }]]);
}

function changes(before: ReadonlyMap<string, Pin>, after: ReadonlyMap<string, Pin>): PinChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((what) => {
    const [old, now] = [before.get(what), after.get(what)];
    if (old?.version === now?.version && old?.content === now?.content) return [];
    return [{ what, before: old?.version, after: now?.version }];
  });
}

/** Whether two pins come to the same, whatever the date of what they were looked up in. */
export function saysTheSame(
  before: DebianLock | NodeRuntimeLock,
  after: DebianLock | NodeRuntimeLock,
): boolean {
  return JSON.stringify({ ...before, suites: null }) === JSON.stringify({ ...after, suites: null });
}
