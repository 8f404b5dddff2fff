import * as tty from "node:tty";
import { UsageError } from "../../errors.ts";

/**
 * The descriptor of standard output, for images. It is written to as it is, never through
 * `process.stdout`, which would make a pipe non-blocking for every process that shares it.
 */
export function standardOutputForImage(): number {
  const descriptor = 1;
  if (!tty.isatty(descriptor)) return descriptor;
  throw new UsageError("an image is not for a terminal: standard output is one", {
    hint: "pipe it: varve stream … | docker load; or write a file: varve build … -o image.tar",
  });
}
