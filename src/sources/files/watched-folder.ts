import * as fs from "node:fs";
import path from "node:path";
import { systemCodeOf, VarveError } from "../../errors.ts";

/** Folders below which nothing counts, by name. */
const UNWATCHED = new Set([".git", "node_modules"]);

/**
 * Watches one file or folder with all that is below it, and the folder above it, so that it may
 * vanish and come back. Each folder has a watcher of its own: the names in a folder are what
 * editors replace by renaming, and a watcher on a file would stay with what was renamed away.
 */
export class WatchedFolder {
  readonly #place: string;
  readonly #onChange: (file: string) => void;
  readonly #onFailure: (error: VarveError) => void;
  /** By folder. */
  readonly #watchers = new Map<string, fs.FSWatcher>();
  #closed = false;

  constructor(
    place: string,
    onChange: (file: string) => void,
    onFailure: (error: VarveError) => void,
  ) {
    this.#place = place;
    this.#onChange = onChange;
    this.#onFailure = onFailure;
    this.#watchAbove();
    this.#watchBelow(place, false);
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** The nearest folder that there is above the place, where it or its way comes back. */
  #watchAbove(): void {
    let above = path.dirname(this.#place);
    while (!isFolder(above) && above !== path.dirname(above)) above = path.dirname(above);
    const next = path.join(above, path.relative(above, this.#place).split(path.sep)[0]!);
    this.#watch(above, (name) => {
      if (name !== null && path.join(above, name) !== next) return;
      this.#lookAgain();
    });
  }

  /** Something on the way came, went or was replaced. */
  #lookAgain(): void {
    this.#onChange(this.#place);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#watchAbove();
    this.#watchBelow(this.#place, true);
  }

  /** @param isNew whether what is in it has not been told of */
  #watchBelow(folder: string, isNew: boolean): void {
    if (!isFolder(folder) || this.#watchers.has(folder)) return;
    this.#watch(folder, (name) => {
      this.#changedIn(folder, name);
    });
    // After the watcher is there, so that nothing comes in between.
    for (const entry of entriesOf(folder)) {
      const file = path.join(folder, entry.name);
      if (UNWATCHED.has(entry.name)) continue;
      if (isNew) this.#onChange(file);
      if (entry.isDirectory()) this.#watchBelow(file, isNew);
    }
  }

  #changedIn(folder: string, name: string | null): void {
    if (name !== null && UNWATCHED.has(name)) return;
    const file = name === null ? folder : path.join(folder, name);
    this.#onChange(file);
    if (name === null || file === folder) return;
    // A folder of this name may have come, gone, or been replaced by another.
    this.#forget(file);
    this.#watchBelow(file, true);
  }

  #forget(folder: string): void {
    for (const [watched, watcher] of this.#watchers) {
      if (watched !== folder && !watched.startsWith(`${folder}${path.sep}`)) continue;
      watcher.close();
      this.#watchers.delete(watched);
    }
  }

  #watch(folder: string, onEvent: (name: string | null) => void): void {
    if (this.#closed || this.#watchers.has(folder)) return;
    try {
      const watcher = fs.watch(folder, (_, name) => {
        if (this.#watchers.get(folder) === watcher) onEvent(name);
      });
      // The folder is gone; whoever watches the one above it tells.
      watcher.on("error", () => {
        watcher.close();
        if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      if (systemCodeOf(error) === "ENOSPC" || systemCodeOf(error) === "EMFILE") {
        this.#onFailure(tooMany(folder, error));
      }
    }
  }
}

function isFolder(place: string): boolean {
  return fs.lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function tooMany(folder: string, cause: unknown): VarveError {
  return new VarveError("WATCH_LIMIT", `${folder} cannot be watched: too many folders are`, {
    cause,
    hint: "raise fs.inotify.max_user_watches with sysctl, or watch fewer folders",
  });
}
