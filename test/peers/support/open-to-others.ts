import * as fs from "node:fs";
import path from "node:path";

/** Whether somebody else may look into a folder: not where one above it is private. */
export function isOpenToOthers(folder: string): boolean {
  const isOpen = (fs.statSync(folder).mode & 0o001) !== 0;
  const above = path.dirname(folder);
  return isOpen && (above === folder || isOpenToOthers(above));
}
