import { after } from "node:test";

/** Something that ends, a test or a suite, and takes along what was registered with it. */
export interface Scope {
  after(end: () => unknown): void;
}

/** To be called inside `describe`: what is registered ends when its tests have, last things first. */
export function suiteScope(): Scope {
  const ends: (() => unknown)[] = [];
  after(async () => {
    for (const end of ends) await end();
  });
  return { after: (end) => void ends.unshift(end) };
}
