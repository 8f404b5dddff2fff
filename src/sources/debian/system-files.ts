import * as v from "valibot";
import { VarveError } from "../../errors.ts";
import type { StreamedEntry } from "../../packing/streamed-layer.ts";
import { byteStringOf } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import type { Owner } from "../../tar/entry.ts";
import { DebFile } from "./deb-file.ts";
import { withDeclaredUsers } from "./declared-users.ts";
import type { ImageLayout } from "./image-layout.ts";
import { generatedFile } from "./package-entries.ts";
import { subjectHash } from "./subject-hash.ts";

/** A user that the image has beside root, with a group of the same name and number. */
export const userSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z_][a-z0-9_-]{0,31}$/, "not a user name")),
  id: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_294_967_294)),
  home: v.optional(v.pipe(v.string(), v.regex(/^\/[^:\n]*$/, "not an absolute path"))),
});

export type SystemUser = v.InferOutput<typeof userSchema>;

/** What maintainer scripts would have made, and what it is made from. */
export interface SystemInput {
  /** Debian's name for it. */
  readonly architecture: string;
  readonly users: readonly SystemUser[];
  readonly layout: ImageLayout;
  /** Names of the packages in the image. */
  readonly chosen: ReadonlySet<string>;
  /** Gives the `.deb` files of base-passwd and ca-certificates; undefined where not wanted. */
  readonly passwd: (() => Promise<string>) | undefined;
  readonly certificates: (() => Promise<string>) | undefined;
  /** Gives the `.deb` files of packages that declare users. */
  readonly declaring: ReadonlyArray<() => Promise<string>>;
}

const CERTIFICATES = "etc/ssl/certs";
const BUNDLE = `/${CERTIFICATES}/ca-certificates.crt`;
const ROOT: Owner = { uid: 0, gid: 0, uname: "root", gname: "root" };

/** Architectures whose dynamic loader is looked for in /lib64 (their ABIs; base-files). */
const LIB64 = new Set(["amd64", "ppc64el", "ppc64", "loong64", "mips64el"]);

const NSSWITCH = `passwd:         files
group:          files
shadow:         files
gshadow:        files

hosts:          files dns
networks:       files

protocols:      files
services:       files
ethers:         files
rpc:            files

netgroup:       files
`;

/** Names under /usr/bin that update-alternatives manages → packages' programs, the best first. */
const ALTERNATIVES: ReadonlyArray<
  readonly [name: string, group: string, programs: ReadonlyArray<readonly [string, string]>]
> = [
  [
    "awk",
    "awk",
    [
      ["gawk", "/usr/bin/gawk"],
      ["original-awk", "/usr/bin/original-awk"],
      ["mawk", "/usr/bin/mawk"],
    ],
  ],
  [
    "nawk",
    "nawk",
    [
      ["gawk", "/usr/bin/gawk"],
      ["original-awk", "/usr/bin/original-awk"],
      ["mawk", "/usr/bin/mawk"],
    ],
  ],
  ["which", "which", [["debianutils", "/usr/bin/which.debianutils"]]],
  [
    "pager",
    "pager",
    [
      ["less", "/usr/bin/less"],
      ["util-linux", "/usr/bin/more"],
    ],
  ],
  [
    "nc",
    "nc",
    [
      ["netcat-openbsd", "/bin/nc.openbsd"],
      ["netcat-traditional", "/bin/nc.traditional"],
    ],
  ],
  [
    "vi",
    "vi",
    [
      ["vim", "/usr/bin/vim.basic"],
      ["vim-tiny", "/usr/bin/vim.tiny"],
    ],
  ],
];

const LINKS: ReadonlyMap<ByteString, ByteString> = new Map([
  ["bin", "usr/bin"],
  ["sbin", "usr/sbin"],
  ["lib", "usr/lib"],
  ["var/run", "/run"],
  ["var/lock", "/run/lock"],
]);

/** The links to folders that are among the system files: path without a leading `/` → target. */
export function folderLinks(architecture: string): ReadonlyMap<ByteString, ByteString> {
  return LIB64.has(architecture) ? new Map([...LINKS, ["lib64", "usr/lib64"]]) : LINKS;
}

/**
 * The system files: merged `/usr`, users, certificates, the time zone, and what else scripts would
 * have made for the packages chosen. They are data of the packages, put where scripts put them;
 * nothing is run, so that this works for any architecture.
 *
 * @throws VarveError `DEB_DAMAGED`, `DEB_LACKS`
 */
export async function systemEntries(input: SystemInput): Promise<StreamedEntry[]> {
  const { layout } = input;
  return (await entriesWithoutBase(input)).flatMap((streamed) => {
    const { entry } = streamed;
    const isDirectory = entry.type === "directory";
    const path = entry.name.replace(/^\/|\/$/g, "");
    if (folderLinks(input.architecture).has(path)) return layout.isOfBase(path) ? [] : [streamed];
    const at = layout.place(path, isDirectory);
    if (at === undefined) return [];
    return [{ ...streamed, entry: { ...entry, name: isDirectory ? `/${at}/` : `/${at}` } }];
  });
}

async function entriesWithoutBase(input: SystemInput): Promise<StreamedEntry[]> {
  const { architecture, chosen, users } = input;
  const entries: StreamedEntry[] = [
    ...["usr/bin", "usr/sbin", "usr/lib", "run", "run/lock", "tmp", "var/tmp", "root", "home"].map(
      (path) => directory(path),
    ),
    ...[...LINKS].map(([path, target]) => symlink(path, target)),
    generatedFile("/etc/nsswitch.conf", NSSWITCH),
  ];
  if (LIB64.has(architecture)) entries.push(directory("usr/lib64"), symlink("lib64", "usr/lib64"));
  if (input.passwd !== undefined) {
    entries.push(...(await accounts(await input.passwd(), users, await declarationsIn(input))));
  }
  for (const { name, id, home } of users) {
    const owner = { uid: id, gid: id, uname: name, gname: name };
    if (home !== undefined) entries.push(directory(home.replace(/^\/|\/$/g, ""), 0o700, owner));
  }
  if (input.certificates !== undefined) {
    const certificates = await certificatesIn(await input.certificates());
    entries.push(generatedFile(BUNDLE, bundle(certificates)));
    if (chosen.has("ca-certificates")) entries.push(...certificateLinks(certificates));
    // Where OpenSSL looks by itself; the package openssl has the link already.
    if (!chosen.has("openssl")) entries.push(symlink("usr/lib/ssl/cert.pem", BUNDLE));
  }
  if (chosen.has("libc6") && !chosen.has("libc-bin")) {
    entries.push(generatedFile("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n\n"));
  }
  if (chosen.has("tzdata")) {
    entries.push(symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"));
    entries.push(generatedFile("/etc/timezone", "Etc/UTC\n"));
  }
  for (const [name, group, programs] of ALTERNATIVES) {
    const program = programs.find(([owner]) => chosen.has(owner))?.[1];
    if (program === undefined) continue;
    entries.push(symlink(`usr/bin/${name}`, `/etc/alternatives/${group}`));
    entries.push(symlink(`etc/alternatives/${group}`, program));
  }
  return entries;
}

/** What packages say in sysusers.d, in the order of packages and files. */
async function declarationsIn({ declaring }: SystemInput): Promise<ByteString[]> {
  const texts: ByteString[] = [];
  for (const fetch of declaring) {
    const files = await filesIn(
      await fetch(),
      "sysusers.d",
      /^usr\/lib\/sysusers\.d\/[^/]+\.conf$/,
    );
    texts.push(...[...files.keys()].toSorted().map((name) => files.get(name)!));
  }
  return texts;
}

/** /etc/passwd and /etc/group: base-passwd's masters, the image's own users, and packages'. */
async function accounts(
  deb: string,
  users: readonly SystemUser[],
  declarations: readonly ByteString[],
): Promise<StreamedEntry[]> {
  const files = await filesIn(
    deb,
    "base-passwd",
    /^usr\/share\/base-passwd\/(?:passwd|group)\.master$/,
  );
  const passwd = files.get("usr/share/base-passwd/passwd.master");
  const group = files.get("usr/share/base-passwd/group.master");
  if (passwd === undefined || group === undefined) throw lacking("base-passwd", "passwd.master");
  const passwdLines = users.map(
    ({ name, id, home }) =>
      `${name}:x:${id}:${id}:${name}:${home ?? "/nonexistent"}:/usr/sbin/nologin\n`,
  );
  const groupLines = users.map(({ name, id }) => `${name}:x:${id}:\n`);
  // The masters mark passwords by "*"; what makes /etc/passwd of them writes "x" only with shadow.
  const own = {
    passwd: passwd + byteStringOf(passwdLines.join("")),
    group: group + byteStringOf(groupLines.join("")),
  };
  const all = declarations.length === 0 ? own : withDeclaredUsers(own, declarations);
  return [generatedFile("/etc/passwd", all.passwd), generatedFile("/etc/group", all.group)];
}

/** By path, in the order of the files' names. */
async function certificatesIn(deb: string): Promise<ReadonlyMap<ByteString, ByteString>> {
  const files = await filesIn(deb, "ca-certificates", /^usr\/share\/ca-certificates\/.+\.crt$/);
  if (files.size === 0) throw lacking("ca-certificates", "certificates");
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** All certificates in one file, as update-ca-certificates writes it. */
function bundle(certificates: ReadonlyMap<ByteString, ByteString>): ByteString {
  return [...certificates.values()].map((pem) => pem.replace(/\n*$/, "\n")).join("");
}

/**
 * Links to the package's certificates by their own names and by those that OpenSSL looks for in a
 * folder, as update-ca-certificates and `openssl rehash` make them.
 */
function certificateLinks(certificates: ReadonlyMap<ByteString, ByteString>): StreamedEntry[] {
  const hashed = new Map<string, number>();
  return [...certificates].flatMap(([path, pem]) => {
    const name = path
      .replace(/^.*\/|\.crt$/g, "")
      .replace(/[ ,]/g, "_")
      .replace(/[()]/g, "=");
    const links = [symlink(`${CERTIFICATES}/${name}.pem`, `/${path}`)];
    const hash = subjectHash(pem);
    if (hash !== undefined) {
      const number = hashed.get(hash) ?? 0;
      hashed.set(hash, number + 1);
      links.push(symlink(`${CERTIFICATES}/${hash}.${number}`, `${name}.pem`));
    }
    return links;
  });
}

async function filesIn(
  file: string,
  what: string,
  wanted: RegExp,
): Promise<Map<ByteString, ByteString>> {
  const deb = new DebFile(file, what);
  try {
    const files = new Map<ByteString, ByteString>();
    for await (const { member, content } of deb.data()) {
      const name = member.name.replace(/^\.?\//, "");
      if (member.typeFlag !== "0" || !wanted.test(name)) continue;
      const pieces: string[] = [];
      for await (const piece of content()) pieces.push(piece.toString("latin1"));
      files.set(name, pieces.join(""));
    }
    return files;
  } finally {
    deb.close();
  }
}

function lacking(name: string, what: string): VarveError {
  return new VarveError("DEB_LACKS", `the package ${name} has no ${what}`, {
    hint: `is it Debian's ${name}? The system files can do without it`,
  });
}

function directory(path: string, mode = 0o755, owner: Owner = ROOT): StreamedEntry {
  return { entry: { name: `/${path}/`, type: "directory", mode, size: 0, link: "", owner } };
}

function symlink(path: string, target: string): StreamedEntry {
  const entry = { name: `/${path}`, mode: 0o777, size: 0, link: target, owner: ROOT };
  return { entry: { ...entry, type: "symlink" } };
}
