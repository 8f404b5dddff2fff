import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { watchFiles } from "../../../src/sources/files/watch.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** What comes to be known, for one test. */
class Watch {
  readonly root: string = fs.realpathSync(temporaryFolder());
  readonly #abort = new AbortController();
  #batches: AsyncGenerator<readonly string[], void, undefined> | undefined;
  #next: Promise<IteratorResult<readonly string[], void>> | undefined;

  constructor() {
    onTestFinished(() => {
      this.#abort.abort();
    });
  }

  start(...places: readonly string[]): void {
    const absolute = places.map((place) => path.join(this.root, place));
    this.#batches = watchFiles(absolute, { signal: this.#abort.signal });
    this.#next = this.#batches.next();
  }

  /** Does something and waits until all of these are told of. */
  async tells(files: readonly string[], change: () => void): Promise<void> {
    change();
    const missing = new Set(files);
    while (missing.size > 0) {
      const { value } = await this.#next!;
      this.#next = this.#batches!.next();
      for (const file of value ?? []) missing.delete(path.relative(this.root, file));
    }
  }

  /** Does something of which nothing is told. */
  async tellsNothing(change: () => void): Promise<void> {
    await this.#drain();
    change();
    const told = await Promise.race([this.#next, delay(200, undefined)]);
    expect(told?.value).toBeUndefined();
  }

  /** Lets pass what comes late of earlier changes. */
  async #drain(): Promise<void> {
    while ((await Promise.race([this.#next, delay(120, undefined)])) !== undefined) {
      this.#next = this.#batches!.next();
    }
  }

  write(file: string, content = ""): void {
    const place = path.join(this.root, file);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.writeFileSync(place, content);
  }

  rename(from: string, to: string): void {
    fs.renameSync(path.join(this.root, from), path.join(this.root, to));
  }

  remove(file: string): void {
    fs.rmSync(path.join(this.root, file), { recursive: true });
  }

  run(command: string): void {
    execFileSync("sh", ["-c", command], { cwd: this.root, stdio: "ignore" });
  }
}

describe("watching", () => {
  it("tells of files that are written, made, renamed and removed, at any depth", async () => {
    const watch = new Watch();
    watch.write("a/deep/er/f", "1");
    watch.start("a");
    await watch.tells(["a/deep/er/f"], () => watch.write("a/deep/er/f", "2"));
    await watch.tells(["a/new"], () => watch.write("a/new"));
    await watch.tells(["a/new", "a/other"], () => watch.rename("a/new", "a/other"));
    await watch.tells(["a/deep/er/f"], () => watch.remove("a/deep/er/f"));
    await watch.tells(["a/x/y/z/f"], () => watch.write("a/x/y/z/f"));
    await watch.tells(["a/x/y/z/f"], () => watch.write("a/x/y/z/f", "later"));
  });

  it("goes on when editors write beside and rename", async () => {
    const watch = new Watch();
    watch.write("a/f", "1");
    watch.start("a");
    for (const content of ["2", "3", "4"]) {
      await watch.tells(["a/f"], () => {
        watch.write("a/.f.swp", content);
        watch.rename("a/.f.swp", "a/f");
      });
    }
    await watch.tells(["a/f"], () => {
      watch.rename("a/f", "a/f~");
      watch.write("a/f", "5");
    });
    await watch.tells(["a/f"], () => watch.write("a/f", "6"));
  });

  it("goes on when a folder is replaced by another, moved away and back", async () => {
    const watch = new Watch();
    watch.write("a/d/f", "1");
    watch.write("b/f", "2");
    watch.start("a");
    await watch.tells(["a/d"], () => {
      watch.remove("a/d");
      watch.rename("b", "a/d");
    });
    await watch.tells(["a/d/f"], () => watch.write("a/d/f", "3"));
    await watch.tells(["a/d"], () => watch.rename("a/d", "away"));
    await watch.tells(["a/d/f"], () => watch.rename("away", "a/d"));
    await watch.tells(["a/d/f"], () => watch.write("a/d/f", "4"));
  });

  it("goes on when the folder itself vanishes and comes back, with what is above it", async () => {
    const watch = new Watch();
    watch.write("p/a/f", "1");
    watch.start("p/a");
    await watch.tells(["p/a"], () => watch.remove("p/a"));
    await watch.tells(["p/a/f"], () => watch.write("p/a/f", "2"));
    await watch.tells(["p/a/f"], () => watch.write("p/a/f", "3"));
    await watch.tells(["p/a"], () => watch.remove("p"));
    await watch.tells(["p/a/f"], () => watch.write("p/a/f", "4"));
    await watch.tells(["p/a/f"], () => watch.write("p/a/f", "5"));
  });

  it("waits for what is not there yet, and watches single files", async () => {
    const watch = new Watch();
    watch.write("file", "1");
    watch.start("later/dist", "file");
    await watch.tells(["later/dist/f"], () => watch.write("later/dist/f"));
    await watch.tells(["file"], () => watch.write("file", "2"));
    await watch.tells(["file"], () => {
      watch.write("file.new", "3");
      watch.rename("file.new", "file");
    });
    await watch.tells(["file"], () => watch.write("file", "4"));
    await watch.tellsNothing(() => watch.write("beside"));
  });

  it("sees git change the branch", async () => {
    const watch = new Watch();
    const git = "git -c user.name=n -c user.email=e";
    watch.write("a/f", "1");
    watch.write("a/gone/g", "1");
    watch.run(`git init -q && git add . && ${git} commit -qm 1 && git checkout -qb two`);
    watch.run(`git rm -rq a/gone && echo 2 > a/f && mkdir a/h && echo > a/h/i && git add .`);
    watch.run(`${git} commit -qm 2`);
    watch.start("a");
    await watch.tells(["a/f", "a/gone", "a/h"], () => watch.run("git checkout -q -"));
    await watch.tells(["a/gone/g"], () => watch.write("a/gone/g", "3"));
    await watch.tells(["a/f", "a/h/i"], () => watch.run("git checkout -qf two"));
    await watch.tells(["a/h/i"], () => watch.write("a/h/i", "4"));
  });

  it("holds back until nothing happens, but not for ever", async () => {
    const watch = new Watch();
    fs.mkdirSync(path.join(watch.root, "a"));
    const batches = watchFiles([path.join(watch.root, "a")]);
    const first = batches.next();
    for (let index = 0; index < 30; index += 1) watch.write(`a/${String(index).padStart(2, "0")}`);
    const { value } = await first;
    expect(value).toHaveLength(30);
    let count = 0;
    const busy = setInterval(() => watch.write(`a/${(count += 1)}`), 10);
    const { value: second } = await batches.next();
    clearInterval(busy);
    expect(second!.length).toBeGreaterThan(1);
    await batches.return();
  });

  it("overlooks node_modules and .git", async () => {
    const watch = new Watch();
    watch.write("a/node_modules/m/f");
    watch.write("a/.git/index");
    watch.start("a");
    await watch.tellsNothing(() => {
      watch.write("a/node_modules/m/f", "2");
      watch.write("a/.git/index", "2");
      watch.write("a/.git/lock");
    });
    await watch.tells(["a/f"], () => watch.write("a/f"));
  });

  it("keeps what happens while a batch is worked on", async () => {
    const watch = new Watch();
    watch.write("a/f");
    watch.start("a");
    await watch.tells(["a/f"], () => watch.write("a/f", "1"));
    watch.write("a/g");
    await delay(150);
    await watch.tells(["a/g"], () => undefined);
  });

  it("ends when it is told to, and leaves nothing behind", async () => {
    const root = temporaryFolder();
    const abort = new AbortController();
    const waiting = watchFiles([root], { signal: abort.signal }).next();
    abort.abort();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(await watchFiles([root], { signal: abort.signal }).next()).toMatchObject({ done: true });
    // Handles are closed a moment later.
    await delay(20);
    expect(process.getActiveResourcesInfo()).not.toContain("FSEventWrap");
  });
});
