export type Sqlite = typeof import("node:sqlite");

/**
 * Node.js' SQLite, loaded when it is first needed. Older versions of Node.js 24 print a warning
 * that it is experimental, which is nothing to tell whoever builds an image.
 */
export async function loadSqlite(): Promise<Sqlite> {
  const warn = process.emitWarning.bind(process) as (...warning: unknown[]) => void;
  const { emitWarning } = Object.getOwnPropertyDescriptors(process);
  process.emitWarning = (...warning: unknown[]): void => {
    if (!String(warning[0]).includes("SQLite is an experimental feature")) warn(...warning);
  };
  try {
    return await import("node:sqlite");
  } finally {
    Object.defineProperty(process, "emitWarning", emitWarning);
  }
}
