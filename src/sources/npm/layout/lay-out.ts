import type { Lock } from "../lockfile/lock.ts";
import { hoistedLayout } from "./hoisted.ts";
import { isolatedLayout } from "./isolated.ts";
import { placedLayout } from "./placed.ts";
import type { Placement } from "./placement.ts";

/** Where the selected packages of a lock go: the same on every machine, however they were installed. */
export function layOut(lock: Lock, selected: readonly string[]): Placement[] {
  switch (lock.layout) {
    case "placed":
      return placedLayout(lock, selected);
    case "isolated":
      return isolatedLayout(lock, selected);
    case "hoisted":
      return hoistedLayout(lock, selected);
  }
}
