import * as fc from "fast-check";

const upstream = fc.stringMatching(/^[0-9][a-zA-Z0-9.+~]{0,8}$/);
const revision = fc.stringMatching(/^[a-zA-Z0-9.+~]{1,5}$/);

/** Versions in which everything occurs that decides: epochs, `~`, long numbers, revisions. */
export const arbitraryVersion: fc.Arbitrary<string> = fc
  .record({
    epoch: fc.option(fc.nat({ max: 3 })),
    upstream: fc.oneof(upstream, fc.constantFrom("1", "1.0", "1.0~", "1.00", "01", "1.0a")),
    revision: fc.option(revision),
  })
  .map(
    (parts) =>
      (parts.epoch === null ? "" : `${parts.epoch}:`) +
      parts.upstream +
      (parts.revision === null ? "" : `-${parts.revision}`),
  );
