import { adoptIdentities } from "../../comparison/adopt-identities.ts";
import { compareFiles } from "../../comparison/compare-files.ts";
import type { FilesDifference } from "../../comparison/compare-files.ts";
import { compareImages } from "../../comparison/compare-images.ts";
import type { ImageDifference } from "../../comparison/compare-images.ts";
import { replacedBy } from "../../comparison/components.ts";
import { factsOf } from "../../comparison/image-facts.ts";
import { UsageError } from "../../errors.ts";
import type { VarveContext } from "../context.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { openCompared } from "../sources/open-compared.ts";
import type { ComparedImage, ComparisonFlags } from "../sources/open-compared.ts";
import { differenceJson, differenceTable } from "../tables/difference-table.ts";
import { terminalWidth } from "../tables/terminal-width.ts";

export interface DiffFlags extends ComparisonFlags {
  readonly files: boolean;
}

/** What is different, and if it was asked for, in the files. */
interface Differences {
  readonly images: ImageDifference;
  readonly files: FilesDifference | undefined;
}

export async function diff(this: VarveContext, flags: DiffFlags, ...args: string[]): Promise<void> {
  const [first, ...rest] = args;
  if (first === undefined || (rest.length === 0 && flags.conf === undefined && !flags.graph)) {
    throw new UsageError("two images are needed to compare them", {
      hint: "varve diff registry.example/app:1.0 registry.example/app:1.1",
    });
  }
  // They say what the second image is made of.
  const { conf: _conf, graph: _graph, ...firstFlags } = flags;
  const work = (session: Session): Promise<Differences> =>
    withBoth(
      () => openCompared(firstFlags, [first], session),
      () => openCompared(flags, rest, session),
      (a, b) => compare(a, b, flags, session),
    );
  const { images, files } = await inSession(flags, work, { warmUp: false });
  const { process } = this;
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(differenceJson(images, files), undefined, 2)}\n`
      : differenceTable(images, files, terminalWidth()),
  );
  process.exitCode = images.same ? 0 : 1;
}

async function withBoth<Result>(
  openA: () => Promise<ComparedImage>,
  openB: () => Promise<ComparedImage>,
  use: (a: ComparedImage, b: ComparedImage) => Promise<Result>,
): Promise<Result> {
  const a = await openA();
  try {
    const b = await openB();
    try {
      return await use(a, b);
    } finally {
      b.close();
    }
  } finally {
    a.close();
  }
}

async function compare(
  one: ComparedImage,
  other: ComparedImage,
  flags: DiffFlags,
  session: Session,
): Promise<Differences> {
  if (!flags.noCache) {
    adoptIdentities(one.image, other.image);
    adoptIdentities(other.image, one.image);
  }
  const a = await factsOf(one.name, one.image);
  const b = await factsOf(other.name, other.image);
  const images = compareImages(a, b);
  if (!flags.files) return { images, files: undefined };
  const replaced = replacedBy(images.components ?? []);
  const files = await compareFiles(a, b, images.layers, replaced, ({ paths, what }) => {
    session.announcer.note(`reading the layer of ${paths?.[0] ?? what}`);
  });
  return { images, files };
}
