import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VarveError } from "../../../src/errors.ts";
import { DigestStore } from "../../../src/packing/digest-store.ts";
import { Packer } from "../../../src/packing/packer.ts";
import { WorkerPool } from "../../../src/packing/workers/pool.ts";
import { DebianClosure } from "../../../src/sources/debian/closure-of-debian.ts";
import { lockToJson, parseLock, staleness } from "../../../src/sources/debian/lock.ts";
import type { DebianLock } from "../../../src/sources/debian/lock.ts";
import { lockedRequest } from "../../../src/sources/debian/locked-request.ts";
import type { DebianRequest } from "../../../src/sources/debian/locked-request.ts";
import { lockDebian } from "../../../src/sources/debian/make-lock.ts";
import { MirrorClient } from "../../../src/sources/debian/http.ts";
import type { MirrorAccess } from "../../../src/sources/debian/mirror.ts";
import { streamMembers } from "../../../src/tar/stream-reader.ts";
import { failureOf } from "../../support/failures.ts";
import { arOf, makeDeb } from "./support/make-deb.ts";
import { makeKey, sha256, TestMirror } from "./support/test-mirror.ts";
import type { TestPackage } from "./support/test-mirror.ts";

let mirror: TestMirror;
beforeEach(async () => {
  mirror = await TestMirror.start();
});
afterEach(() => mirror.stop());

const BARE = { alone: [], passwd: false, certificates: false, users: [] };

function lock(changes: Partial<DebianRequest> = {}, access = mirror.access()): Promise<DebianLock> {
  const request = { architecture: "amd64", packages: ["app"], ...BARE, ...changes };
  return lockDebian(request, [mirror.source()], access);
}

function open(locked: DebianLock, access = mirror.access(), documentation = false): DebianClosure {
  return new DebianClosure(locked, { mirrors: [mirror.source()], access, documentation });
}

function packer(): Packer {
  const digests = new DigestStore(path.join(mirror.folder, "digests"));
  return new Packer({ pool: new WorkerPool(1), digests });
}

/** All components as one layer, listed as `mode path content`. */
async function listed(debian: DebianClosure, ids?: readonly string[]): Promise<string[]> {
  const paths = ids ?? debian.closure.components.map(({ id }) => id);
  const lines: string[] = [];
  for await (const { member, content } of streamMembers(
    debian.layer({ paths, reason: "" }, packer()).stream(),
  )) {
    const pieces: string[] = [];
    for await (const piece of content()) pieces.push(piece.toString("latin1"));
    const target = member.link === "" ? pieces.join("") : `-> ${member.link}`;
    const { mode, name, owner } = member;
    lines.push(`${mode.toString(8)} ${owner.gname} ${name} ${target}`.trim());
  }
  return lines;
}

/** Only the packages, without the system files. */
function packagesOf(debian: DebianClosure): string[] {
  return debian.closure.components.map(({ id }) => id).filter((id) => !id.includes("system-files"));
}

const APP: Readonly<Record<string, TestPackage>> = {
  "app 1": {
    fields: { Depends: "libapp", "Installed-Size": "12" },
    data: {
      "./": { directory: 0o755 },
      "./bin/": { directory: 0o755 },
      "./bin/app": "#!/bin/sh\n",
      "./usr/bin/app2": { hardlink: "./bin/app" },
      "./usr/share/doc/app/": { directory: 0o755 },
      "./usr/share/doc/app/copyright": "free",
      "./usr/share/doc/app/changelog": "long",
      "./usr/share/man/man1/app.1": "how to",
      "./usr/share/locale/de/app.mo": "wie",
      "./var/run/app/": { directory: 0o2750, gid: 50 },
    },
    scripts: { md5sums: "0  bin/app\n", postinst: "#!/bin/sh\nrm -rf /\n" },
  },
  "libapp 2": {
    fields: { Depends: "app", Architecture: "all" },
    data: {
      "./lib/libapp.so": "elf",
      "./lib/libapp.so.1": { link: "libapp.so" },
      "./usr/lib/libapp.so.0": { link: "/lib/libapp.so.0" },
      "./tmp/": { directory: 0o755 },
    },
    compression: "zst",
  },
};

describe("packages as layers", () => {
  it("lie as they do on a system with merged /usr, with their records", async () => {
    await mirror.publish(APP);
    const debian = open(await lock());
    expect(await listed(debian, packagesOf(debian))).toEqual([
      "755 root /usr/",
      "755 root /usr/bin/",
      "755 root /usr/bin/app #!/bin/sh",
      "644 root /usr/bin/app2 -> /usr/bin/app",
      "755 root /usr/share/",
      "755 root /usr/share/doc/",
      "755 root /usr/share/doc/app/",
      "644 root /usr/share/doc/app/copyright free",
      "755 root /run/",
      "2750 staff /run/app/",
      "755 root /var/",
      "755 root /var/lib/",
      "755 root /var/lib/dpkg/",
      "755 root /var/lib/dpkg/status.d/",
      "644 root /var/lib/dpkg/status.d/app Package: app\nVersion: 1\nArchitecture: amd64\nDepends: libapp\nInstalled-Size: 12",
      "644 root /var/lib/dpkg/status.d/app.md5sums 0  bin/app",
      "755 root /usr/lib/",
      "644 root /usr/lib/libapp.so elf",
      "777 root /usr/lib/libapp.so.1 -> libapp.so",
      "1777 root /tmp/",
      "644 root /var/lib/dpkg/status.d/libapp Package: libapp\nVersion: 2\nArchitecture: all\nDepends: app",
    ]);
    const documented = await listed(open(await lock(), mirror.access(), true), packagesOf(debian));
    expect(documented.join("\n")).toContain("man1/app.1 how to");
  });

  it("are components that refer to each other without cycles", async () => {
    await mirror.publish(APP);
    const { closure } = open(await lock());
    expect(closure.components).toMatchObject([
      { id: "debian:app@1:amd64", references: [], size: 12 * 1024 },
      { id: "debian:libapp@2:all", references: ["debian:app@1:amd64"] },
      { id: "debian:system-files:amd64", references: [] },
    ]);
    const { sha256: digest } = (await lock()).packages[0]!;
    const hash = closure.components[0]!.contentHash!;
    expect(Buffer.from(hash.replace("sha256-", ""), "base64").toString("hex")).toBe(digest);
  });

  it("are remembered, and told by what they are made of", async () => {
    await mirror.publish(APP);
    const debian = open(await lock());
    const planned = { paths: packagesOf(debian), reason: "" };
    const first = debian.layer(planned, packer());
    const identity = await first.identity();
    expect(identity.remembered).toBe(false);
    const pieces: Uint8Array[] = [];
    for await (const piece of first.stream()) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    expect({ diffId: `sha256:${sha256(bytes)}`, size: bytes.length }).toMatchObject({
      diffId: identity.diffId,
      size: identity.size,
    });
    const again = open(await lock()).layer(planned, packer());
    expect(await again.identity()).toEqual({ ...identity, remembered: true });
    const other = open(await lock(), mirror.access(), true).layer(planned, packer());
    expect(other.contentKey).not.toBe(first.contentKey);
  });

  it.each<[string, TestPackage["data"], string, string]>([
    ["a pipe", { "./run/pipe": { type: "fifo" } }, "DEB_UNSUPPORTED", "app 1: run/pipe is neither"],
    ["a deletion", { "./usr/.wh.x": "" }, "DEB_UNSUPPORTED", 'begins with ".wh."'],
    ["a path out of the image", { "./../x": "" }, "DEB_UNSUPPORTED", "leaves the image"],
    [
      "a path that another has",
      { "./lib/libapp.so": "x" },
      "PATH_TWICE",
      "app 1 and libapp 2 both place something at /usr/lib/libapp.so",
    ],
    [
      "a file where another has a folder",
      { "./lib": "x", "./usr/lib": "x" },
      "PATH_TWICE",
      "app 1 and libapp 2 both place something at /usr/lib",
    ],
  ])("refuse %s", async (_, data, code, message) => {
    await mirror.publish({ ...APP, "app 1": { fields: { Depends: "libapp" }, data: data! } });
    const error = await failureOf(listed(open(await lock())));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
  });
});

describe("system files", () => {
  it("stand for what maintainer scripts would make", async () => {
    await mirror.publish({
      ...APP,
      "base-passwd 3": {
        data: {
          "./usr/share/base-passwd/passwd.master": "root:*:0:0:root:/root:/bin/bash\n",
          "./usr/share/base-passwd/group.master": "root:*:0:\n",
        },
      },
      "ca-certificates 4": {
        fields: { Depends: "openssl" },
        data: {
          "./usr/share/ca-certificates/mozilla/B.crt": "B",
          "./usr/share/ca-certificates/mozilla/A.crt": "A\n\n",
        },
      },
      "tzdata 5": { fields: { Depends: "debconf" } },
      "mawk 6": {},
    });
    const users = [{ name: "me", id: 1000, home: "/home/me" }];
    const debian = open(
      await lock({
        packages: ["app", "mawk"],
        alone: ["tzdata"],
        passwd: true,
        certificates: true,
        users,
      }),
    );
    const all = await listed(debian, ["debian:system-files:amd64"]);
    expect(all.filter((line) => !/^755 root \/(?:usr|var|etc)/.test(line))).toEqual([
      "755 root /run/",
      "1777 root /run/lock/",
      "1777 root /tmp/",
      "1777 root /var/tmp/",
      "700 root /root/",
      "755 root /home/",
      "777 root /bin -> usr/bin",
      "777 root /sbin -> usr/sbin",
      "777 root /lib -> usr/lib",
      "777 root /var/run -> /run",
      "777 root /var/lock -> /run/lock",
      expect.stringContaining("/etc/nsswitch.conf passwd:         files") as string,
      "777 root /lib64 -> usr/lib64",
      "644 root /etc/passwd root:*:0:0:root:/root:/bin/bash\nme:x:1000:1000:me:/home/me:/usr/sbin/nologin",
      "644 root /etc/group root:*:0:\nme:x:1000:",
      "700 me /home/me/",
      "644 root /etc/ssl/certs/ca-certificates.crt A\nB",
      "777 root /usr/lib/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt",
      "777 root /etc/localtime -> /usr/share/zoneinfo/Etc/UTC",
      "644 root /etc/timezone Etc/UTC",
      "777 root /usr/bin/awk -> /etc/alternatives/awk",
      "777 root /etc/alternatives/awk -> /usr/bin/mawk",
      "777 root /usr/bin/nawk -> /etc/alternatives/nawk",
      "777 root /etc/alternatives/nawk -> /usr/bin/mawk",
    ]);
  });

  it("have the users that packages declare", async () => {
    await mirror.publish({
      ...APP,
      "base-passwd 3": {
        data: {
          "./usr/share/base-passwd/passwd.master": "root:*:0:0:root:/root:/bin/bash\n",
          "./usr/share/base-passwd/group.master": "root:*:0:\n",
        },
      },
      "tunnel 1": {
        fields: { Depends: "systemd | systemd-standalone-sysusers | systemd-sysusers" },
        data: { "./usr/lib/sysusers.d/tunnel.conf": 'u tunnel - "A tunnel" /var/run/tunnel\n' },
      },
    });
    const locked = await lock({
      packages: ["app", "tunnel"],
      without: ["systemd-standalone-sysusers"],
      passwd: true,
    });
    expect(locked.packages.map(({ name, sysusers }) => [name, sysusers])).toEqual([
      ["app", undefined],
      ["libapp", undefined],
      ["tunnel", true],
    ]);
    const read = parseLock(JSON.parse(lockToJson(locked)), "varve.lock");
    const all = await listed(open(read), ["debian:system-files:amd64"]);
    expect(all.filter((line) => /etc\/(?:passwd|group) /.test(line))).toEqual([
      "644 root /etc/passwd root:*:0:0:root:/root:/bin/bash\ntunnel:x:999:999:A tunnel:/var/run/tunnel:/usr/sbin/nologin",
      "644 root /etc/group root:*:0:\ntunnel:x:999:",
    ]);
  });

  it("link the certificates where their package is there", async () => {
    const pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    await mirror.publish({
      ...APP,
      "ca-certificates 4": {
        data: {
          "./usr/share/ca-certificates/mozilla/An, Authority_(1).crt": pem,
          "./usr/share/ca-certificates/mozilla/B.crt": pem,
        },
      },
    });
    const debian = open(await lock({ packages: ["ca-certificates"], certificates: true }));
    const all = await listed(debian, ["debian:system-files:amd64"]);
    const folder = "/usr/share/ca-certificates/mozilla";
    expect(all.filter((line) => / \/etc\/ssl\/certs\/.* -> /.test(line))).toEqual([
      `777 root /etc/ssl/certs/An__Authority_=1=.pem -> ${folder}/An, Authority_(1).crt`,
      `777 root /etc/ssl/certs/B.pem -> ${folder}/B.crt`,
    ]);
  });

  it("say which package they lack", async () => {
    await mirror.publish(APP);
    const error = await failureOf(lock({ certificates: true }));
    expect(error.message).toBe("no suite has ca-certificates, for the system files");
    expect(error.hint).toContain("certificates: false");
  });
});

describe("the lock", () => {
  it("takes packages from indexes for all architectures, where these are apart", async () => {
    const { "libapp 2": all, ...own } = APP;
    await mirror.publish(own, { all: { "libapp 2": all! } });
    expect((await lock()).packages.map(({ name }) => name)).toEqual(["app", "libapp"]);
  });

  it("is read as it was written, and builds without any index", async () => {
    await mirror.publish(APP);
    const locked = await lock();
    const read = parseLock(JSON.parse(lockToJson(locked)), "varve.lock");
    expect(read).toEqual(locked);
    const before = await listed(open(locked));
    mirror.files.forEach((_, name) => name.startsWith("dists/") && mirror.files.delete(name));
    expect(await listed(open(read))).toEqual(before);
  });

  it("knows for what it was made", async () => {
    await mirror.publish(APP);
    const locked = await lock();
    const request = { architecture: "amd64", packages: ["app"], ...BARE };
    expect(staleness(locked, lockedRequest(request))).toBeUndefined();
    expect(staleness(locked, lockedRequest({ ...request, packages: ["app", "b"] }))).toBe(
      'packages is ["app","b"], and ["app"] in the lock',
    );
  });

  it.each([
    [{ path: "../../etc/passwd" }, "varve.lock, at packages.0.path: leaves the mirror"],
    [{ sha256: "x" }, "varve.lock, at packages.0.sha256: not a SHA-256"],
  ])("is refused where it is wrong: %j", async (change, message) => {
    await mirror.publish(APP);
    const locked = await lock();
    const [first, ...others] = locked.packages;
    const wrong = { ...locked, packages: [{ ...first, ...change }, ...others] };
    expect((await failureOf(() => parseLock(wrong, "varve.lock"))).message).toBe(message);
  });
});

describe("without a network", () => {
  it("builds from the lock and the cache", async () => {
    await mirror.publish(APP);
    const locked = await lock();
    await open(locked).download();
    const asked = mirror.asked.length;
    const offline = mirror.access({ isOffline: true });
    expect(await lock({}, offline)).toEqual(locked);
    expect(await listed(open(locked, offline))).toContain("644 root /usr/lib/libapp.so elf");
    expect(mirror.asked.length).toBe(asked);
  });

  it("says what was never fetched", async () => {
    await mirror.publish(APP);
    const offline = mirror.access({ isOffline: true });
    expect(await failureOf(lock({}, offline))).toMatchObject({
      code: "OFFLINE",
      message: `${mirror.url}dists/stable/ was never fetched`,
    });
    const locked = await lock();
    expect(await failureOf(listed(open(locked, offline)))).toMatchObject({
      code: "OFFLINE",
      message: `${mirror.url}pool/app_1_amd64.deb is not in the cache`,
    });
  });

  it("says so when it is not there", async () => {
    const nowhere: MirrorAccess = mirror.access();
    const source = mirror.source({ mirror: "http://127.0.0.1:1/" });
    const request = { architecture: "amd64", packages: ["app"], ...BARE };
    expect(await failureOf(lockDebian(request, [source], nowhere))).toMatchObject({
      code: "MIRROR_UNREACHABLE",
      message: expect.stringContaining("GET http://127.0.0.1:1/dists/stable/InRelease: ") as string,
      hint: expect.stringContaining("--offline") as string,
    });
  });
});

describe("a mirror that fails", () => {
  it("is asked again when the connection breaks", async () => {
    await mirror.publish(APP);
    mirror.cuts = 2;
    const locked = await lock();
    mirror.cuts = 1;
    expect(await listed(open(locked))).toContain("644 root /usr/lib/libapp.so elf");
  });

  it("that has other content than promised leaves the cache good", async () => {
    await mirror.publish(APP);
    const locked = await lock();
    const name = "pool/app_1_amd64.deb";
    const right = mirror.files.get(name)!;
    mirror.files.set(name, Buffer.from(right).fill(0, 100, 104));
    const error = await failureOf(listed(open(locked)));
    expect(error).toMatchObject({ code: "DOWNLOAD_DIFFERS" });
    expect(error.message).toContain(`${mirror.url}pool/app_1_amd64.deb has the SHA-256 `);
    mirror.files.set(name, right.subarray(0, -10));
    expect((await failureOf(listed(open(locked)))).message).toContain("is cut off");
    mirror.files.set(name, right);
    expect(await listed(open(locked))).toContain("644 root /usr/lib/libapp.so elf");
  });

  it("that no longer has a version says how to go on", async () => {
    await mirror.publish(APP);
    const locked = await lock();
    mirror.files.delete("pool/app_1_amd64.deb");
    expect(await failureOf(listed(open(locked)))).toMatchObject({
      code: "DEB_MISSING",
      message: "no mirror has app 1 (pool/app_1_amd64.deb) any more",
      hint: expect.stringContaining("varve lock --update") as string,
    });
  });

  it.each<[string, Buffer, string]>([
    ["no archive", Buffer.from("<html>"), "app 1 is damaged: it is not a Debian package"],
    [
      "no data",
      arOf([
        ["debian-binary", Buffer.from("2.0\n")],
        ["control.tar", Buffer.alloc(10_240)],
      ]),
      "app 1 is damaged: data.tar is missing",
    ],
    [
      "a cut archive",
      makeDeb({
        control: "Package: app\n",
        data: { "./a": "x".repeat(5000) },
        compression: "none",
      }).subarray(0, 2000),
      "app 1 is damaged: it ends in the middle of data.tar",
    ],
    [
      "damaged data",
      Buffer.from(
        makeDeb({ control: "Package: app\n", data: { "./a": "x" }, compression: "none" }),
      ).fill(0x41, 400, 460),
      "app 1 is damaged: the tar is damaged at byte 0",
    ],
  ])("with %s in a package is told, and not believed again", async (_, bytes, message) => {
    await mirror.publish({ "app 1": { bytes } });
    const locked = await lock();
    const error = await failureOf(listed(open(locked)));
    expect(error).toMatchObject({ code: "DEB_DAMAGED" });
    expect(error.message).toContain(message);
    expect(error.hint).toContain("removed from the cache");
    const asked = mirror.asked.length;
    await failureOf(listed(open(locked)));
    expect(mirror.asked.length).toBe(asked + 1);
  });

  it("matters not for what the cache has; damage there is noticed", async () => {
    await mirror.publish(APP);
    const locked = await lock();
    await open(locked).download();
    const { sha256: digest } = locked.packages[0]!;
    const file = path.join(
      mirror.folder,
      "cache/debian-1/sha256",
      digest.slice(0, 2),
      digest.slice(2),
    );
    fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size));
    const asked = mirror.asked.length;
    await listed(open(locked));
    expect(mirror.asked.slice(asked)).toEqual(["pool/app_1_amd64.deb"]);
    expect(sha256(fs.readFileSync(file))).toBe(digest);
  });

  it("wants a proxy: it is gone through", async () => {
    await mirror.publish(APP);
    const env = { http_proxy: mirror.url };
    const client = new MirrorClient({ env, credential: () => undefined });
    const text = await client.fetch("http://mirror.invalid/x", async () => "");
    client.close();
    expect(text).toBeUndefined();
    expect(mirror.asked.at(-1)).toContain("mirror.invalid/x");
  });
});

describe("signatures", () => {
  it("beside the Release file do, too", async () => {
    await mirror.publish(APP, { signing: "Release.gpg" });
    expect((await lock()).packages.length).toBe(2);
  });

  it("of a changed file do not", async () => {
    await mirror.publish(APP);
    const name = "dists/stable/InRelease";
    const text = mirror.files.get(name)!.toString("latin1");
    mirror.files.set(name, Buffer.from(text.replace("Origin: Test", "Origin: Evil")));
    expect(await failureOf(lock())).toMatchObject({
      code: "RELEASE_SIGNATURE",
      message: expect.stringContaining("InRelease has no good signature: by key") as string,
    });
  });

  it("by a key that is not known do not", async () => {
    const key = await makeKey();
    await mirror.publish(APP, { key });
    const id = key.getKeyID().toHex().toUpperCase();
    expect((await failureOf(lock())).message).toContain(`key ${id} is not in the keyrings`);
  });

  it("by a key that has expired do not", async () => {
    const date = new Date("2020-01-01");
    const key = await makeKey({ date, expires: 1000 });
    await mirror.publish(APP, { key, at: new Date("2020-01-01T00:01:00Z") });
    const source = mirror.source({ keyrings: [key.toPublic().armor()] });
    const request = { architecture: "amd64", packages: ["app"], ...BARE };
    const error = await failureOf(lockDebian(request, [source], mirror.access()));
    expect(error.message).toMatch(/key [0-9A-F]{16} has expired/);
    expect(error.hint).toContain("up to date");
  });

  it.each(["InRelease", "none"] as const)("must be there: %s", async (signing) => {
    await mirror.publish(APP, { signing });
    if (signing === "InRelease")
      mirror.files.set("dists/stable/InRelease", Buffer.from("Origin: x\n"));
    expect(await failureOf(lock())).toMatchObject({ code: "RELEASE_UNSIGNED" });
  });

  it("need not be there for a mirror of one's own", async () => {
    const request = { architecture: "amd64", packages: ["app"], ...BARE };
    const source = mirror.source({ isTrusted: true, keyrings: [] });
    await mirror.publish(APP, { signing: "none" });
    expect((await lockDebian(request, [source], mirror.access())).packages.length).toBe(2);
    await mirror.publish(APP, { key: await makeKey() });
    expect((await lockDebian(request, [source], mirror.access())).packages.length).toBe(2);
  });

  it("of a Release file that is no longer valid do not", async () => {
    await mirror.publish(APP, { release: { "Valid-Until": "Sat, 11 Jul 2020 10:16:37 UTC" } });
    const error = await failureOf(lock());
    expect(error.code).toBe("RELEASE_EXPIRED");
    expect(error.message).toContain("was valid until Sat, 11 Jul 2020 10:16:37 UTC");
    expect(error.hint).toContain("Check-Valid-Until: no");
    const request = { architecture: "amd64", packages: ["app"], ...BARE };
    const source = mirror.source({ ignoresValidity: true });
    expect((await lockDebian(request, [source], mirror.access())).packages.length).toBe(2);
  });

  it("of another suite do not", async () => {
    await mirror.publish(APP, { release: { Suite: "unstable", Codename: "sid" } });
    expect(await failureOf(lock())).toMatchObject({
      code: "RELEASE_OTHER_SUITE",
      message: expect.stringContaining(
        "is the Release file of unstable, sid, not of stable",
      ) as string,
    });
  });

  it("are checked before a suite or component is missed", async () => {
    await mirror.publish(APP);
    const request = { architecture: "amd64", packages: ["app"], ...BARE };
    const missing = lockDebian(request, [mirror.source({ suite: "x" })], mirror.access());
    expect((await failureOf(missing)).message).toBe(`${mirror.url} has no suite x`);
    const contrib = mirror.source({ components: ["contrib"] });
    const error = await failureOf(lockDebian(request, [contrib], mirror.access()));
    expect(error.message).toContain("has no contrib/binary-amd64/Packages");
    expect(error.hint).toBe("its components are main");
    expect(error).toBeInstanceOf(VarveError);
  });
});
