import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

/** Both ends of a pipe, as descriptors of this process. */
export interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;

/**
 * Opens a pipe. Its reading end does not block.
 *
 * @param nonBlocking whether its writing end does not block either, as some programs leave it
 */
export function openPipe(nonBlocking = false): Pipe {
  const file = path.join(temporaryFolder(), "pipe");
  execFileSync("mkfifo", [file]);
  const reader = fs.openSync(file, O_RDONLY | O_NONBLOCK);
  const writer = fs.openSync(file, nonBlocking ? O_WRONLY | O_NONBLOCK : O_WRONLY);
  return { reader, writer };
}

/** The writing end of a pipe that nobody reads. */
export function closedPipe(): number {
  const { reader, writer } = openPipe();
  fs.closeSync(reader);
  return writer;
}
