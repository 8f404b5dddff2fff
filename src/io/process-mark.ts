import { hash } from "node:crypto";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { systemCodeOf } from "../errors.ts";

const MARK = /^([0-9a-f]{12})-(\d+)$/;

/**
 * Marks what belongs to a process, so that others can tell whether it is still at work: which
 * machine or container it is in, and its number there.
 */
export function markOf(pid: number = process.pid): string {
  return `${machine()}-${pid}`;
}

/** Whether a mark is of a process of this machine that has ended. */
export function isGone(mark: string): boolean {
  const [, where, pid] = MARK.exec(mark) ?? [];
  return where === machine() && !isAlive(Number(pid));
}

/** A container has process numbers of its own, and may have its host's name. */
function machine(): string {
  return hash("sha256", `${hostname()} ${processNamespace()}`, "hex").slice(0, 12);
}

function processNamespace(): string {
  try {
    return fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === "EPERM";
  }
}
