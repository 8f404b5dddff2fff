/**
 * Whether only short suites are to run (`VARVE_TEST_SHORT=1`), as in CI, whose time is bounded;
 * for `describe.skipIf(...)` of suites that take a minute and more.
 */
export function isShortRun(): boolean {
  return process.env["VARVE_TEST_SHORT"] === "1";
}
