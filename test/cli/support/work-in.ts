import { onTestFinished } from "vitest";

/** Makes a folder the working directory until the test is finished. */
export function workIn(folder: string): void {
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => {
    process.chdir(before);
  });
}
