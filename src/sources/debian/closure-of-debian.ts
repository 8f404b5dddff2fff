import { createHash } from "node:crypto";
import { Closure } from "../../closure/closure.ts";
import type { Layer } from "../../image/layer.ts";
import { FewAtOnce } from "../../packing/few-at-once.ts";
import type { Packer } from "../../packing/packer.ts";
import { StreamedLayer } from "../../packing/streamed-layer.ts";
import { acyclicReferences } from "./acyclic.ts";
import type { AptSource } from "./apt-sources.ts";
import type { DebianLock, LockedPackage, PinnedPackage } from "./lock.ts";
import { ImageLayout } from "./image-layout.ts";
import type { LayoutBelow } from "./image-layout.ts";
import { mergedEntries } from "./merged-entries.ts";
import type { EntrySource } from "./merged-entries.ts";
import type { MirrorAccess } from "./mirror.ts";
import { packageEntries } from "./package-entries.ts";
import { PackageFiles } from "./package-files.ts";
import { systemEntries } from "./system-files.ts";

/** Version of the rules by which packages become bytes; a change of any byte is a new version. */
const DEBIAN_FORMAT = 1;
/** Version of the links to certificates, which few images have. */
const LINKS_FORMAT = 1;
/** Files have the same date in every image. */
const COMMON = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };
/** Each holds an xz, and there are seldom more cores to spare. */
const LAYERS_AT_ONCE = 2;

export interface DebianClosureOptions {
  readonly mirrors: readonly AptSource[];
  readonly access: MirrorAccess;
  /** Whether manuals, documentation and translations go into the image; no if not said. */
  readonly documentation?: boolean;
}

/** Components of a layer plan: this much of `PlannedLayer`. */
interface Planned {
  readonly paths: readonly string[];
  readonly reason: string;
}

/** A lock's packages as components, and the layers that hold them. */
export class DebianClosure {
  /** Packages, and one component of system files that stand for their maintainer scripts. */
  readonly closure: Closure;
  readonly #lock: DebianLock;
  readonly #files: PackageFiles;
  readonly #documentation: boolean;
  readonly #turns = new FewAtOnce(LAYERS_AT_ONCE);
  readonly #packages: ReadonlyMap<string, LockedPackage>;

  constructor(lock: DebianLock, { mirrors, access, documentation }: DebianClosureOptions) {
    this.#lock = lock;
    this.#files = new PackageFiles(mirrors, access);
    this.#documentation = documentation ?? false;
    this.#packages = new Map(lock.packages.map((locked) => [componentId(locked), locked]));
    this.closure = closureOf(lock, this.#systemKey());
  }

  /**
   * A layer of these components, whose bytes come out of the `.deb` files when they are asked for.
   *
   * @param below what the image has below; nothing if not said
   * @throws VarveError later, when its bytes are asked for: `DEB_MISSING`, `DEB_DAMAGED`,
   *   `DEB_UNSUPPORTED`, `PATH_TWICE`, `OFFLINE`
   */
  layer({ paths, reason }: Planned, packer: Packer, below?: LayoutBelow): Layer {
    const layout = new ImageLayout(below);
    const sources = paths.map((id) => this.#source(id, layout));
    const parts: unknown[] = ["debian", DEBIAN_FORMAT, this.#documentation];
    parts.push(sources.map(({ key }) => key));
    if (layout.key !== undefined) parts.push(layout.key);
    return new StreamedLayer({
      contentKey: `sha256:${sha256(parts)}`,
      entries: () => mergedEntries(sources),
      common: COMMON,
      paths,
      reason,
      packer,
      turns: this.#turns,
    });
  }

  /** Fetches everything that the layers will want, so that the rest works without a network. */
  async download(onFetched?: (pinned: PinnedPackage) => void): Promise<void> {
    const { packages, system } = this.#lock;
    const wanted: PinnedPackage[] = [...packages];
    for (const pinned of [system.passwd, system.certificates]) if (pinned) wanted.push(pinned);
    await Promise.all(
      wanted.map(async (pinned) => {
        await this.#files.path(pinned);
        onFetched?.(pinned);
      }),
    );
  }

  #source(id: string, layout: ImageLayout): EntrySource & { readonly key: string } {
    const locked = this.#packages.get(id);
    if (locked === undefined) return this.#systemSource(layout);
    const rules = { documentation: this.#documentation, layout };
    return {
      key: locked.sha256,
      what: `${locked.name} ${locked.version}`,
      entries: () => this.#files.read(locked, (deb, what) => packageEntries(deb, rules, what)),
    };
  }

  #systemSource(layout: ImageLayout): EntrySource & { readonly key: string } {
    const { request, packages, system } = this.#lock;
    const files = this.#files;
    const declaring = packages.filter(({ sysusers }) => sysusers === true);
    const pathOf = (pinned: PinnedPackage | undefined): (() => Promise<string>) | undefined =>
      pinned === undefined ? undefined : () => files.path(pinned);
    return {
      key: this.#systemKey(),
      what: "the system files",
      entries: async function* generated() {
        yield* await systemEntries({
          architecture: request.architecture,
          users: request.users,
          layout,
          chosen: new Set(packages.map(({ name }) => name)),
          passwd: pathOf(system.passwd),
          certificates: pathOf(system.certificates),
          declaring: declaring.map((locked) => () => files.path(locked)),
        });
      },
    };
  }

  /** All that the system files are made from. */
  #systemKey(): string {
    const { request, packages, system } = this.#lock;
    return sha256([
      "system-files",
      DEBIAN_FORMAT,
      request.architecture,
      request.users.map(({ name, id, home }) => [name, id, home ?? null]),
      packages.map(({ name }) => name),
      system.passwd?.sha256 ?? null,
      system.certificates?.sha256 ?? null,
      ...(packages.some(({ name }) => name === "ca-certificates") ? [LINKS_FORMAT] : []),
      ...packages.flatMap(({ sysusers, sha256: content }) => (sysusers === true ? [content] : [])),
    ]);
  }
}

/** `debian:libc6@2.36-9+deb12u9:amd64` */
function componentId({ name, version, architecture }: PinnedPackage): string {
  return `debian:${name}@${version}:${architecture}`;
}

function closureOf({ packages, request, system }: DebianLock, systemKey: string): Closure {
  const idOf = new Map(packages.map((locked) => [locked.name, componentId(locked)]));
  const references = acyclicReferences(
    new Map(packages.map(({ name, depends }) => [name, depends])),
  );
  return Closure.of([
    ...packages.map((locked) => ({
      id: componentId(locked),
      references: references.get(locked.name)!.map((name) => idOf.get(name)!),
      size: locked.installedSize,
      contentHash: sri(locked.sha256),
    })),
    {
      id: `debian:system-files:${request.architecture}`,
      references: [],
      size: (system.passwd?.size ?? 0) + (system.certificates?.size ?? 0),
      contentHash: sri(systemKey),
    },
  ]);
}

function sri(hex: string): string {
  return `sha256-${Buffer.from(hex, "hex").toString("base64")}`;
}

function sha256(input: unknown): string {
  return createHash("sha256").update(JSON.stringify(input)).digest("hex");
}
