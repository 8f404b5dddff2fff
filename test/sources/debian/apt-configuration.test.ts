import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAptAccess } from "../../../src/sources/debian/apt-access.ts";
import { readAptSources } from "../../../src/sources/debian/apt-sources.ts";

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(tmpdir(), "varve-apt-"));
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

describe("apt's sources", () => {
  it("are lines", () => {
    const keyring = write("etc/apt/trusted.gpg.d/a.gpg", "");
    write("etc/apt/trusted.gpg.d/notes.txt", "");
    write(
      "etc/apt/sources.list",
      "# one\ndeb http://mirror.invalid/debian bookworm main contrib # two\n" +
        "deb-src http://mirror.invalid/debian bookworm main\n" +
        "deb [arch=arm64] http://mirror.invalid/debian bookworm main\n" +
        "deb [ signed-by=/k.gpg trusted=yes check-valid-until=no ] https://other.invalid/ ./\n" +
        "deb cdrom:[x]/ bookworm main\n",
    );
    write("etc/apt/sources.list.d/x.list.disabled", "deb http://no.invalid/ x main\n");
    expect(readAptSources("amd64", root)).toEqual([
      {
        mirror: "http://mirror.invalid/debian/",
        suite: "bookworm",
        components: ["main", "contrib"],
        keyrings: [keyring],
        isTrusted: false,
        ignoresValidity: false,
      },
      {
        mirror: "https://other.invalid/",
        suite: "./",
        components: [],
        keyrings: ["/k.gpg"],
        isTrusted: true,
        ignoresValidity: true,
      },
    ]);
    expect(readAptSources("arm64", root).length).toBe(3);
  });

  it("are paragraphs", () => {
    write(
      "etc/apt/sources.list.d/debian.sources",
      "Types: deb deb-src\nURIs: http://a.invalid/debian http://b.invalid/debian/\n" +
        "Suites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k.gpg\n\n" +
        "Types: deb\nURIs: http://c.invalid/\nSuites: x\nComponents: main\nEnabled: no\n\n" +
        "Types: deb\nURIs: http://d.invalid/\nSuites: x\nComponents: main\nSigned-By:\n" +
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd\n -----END PGP PUBLIC KEY BLOCK-----\n",
    );
    const sources = readAptSources("amd64", root);
    expect(sources.map(({ mirror, suite }) => `${mirror} ${suite}`)).toEqual([
      "http://a.invalid/debian/ bookworm",
      "http://a.invalid/debian/ bookworm-updates",
      "http://b.invalid/debian/ bookworm",
      "http://b.invalid/debian/ bookworm-updates",
      "http://d.invalid/ x",
    ]);
    expect(sources[0]!.keyrings).toEqual(["/k.gpg"]);
    expect(sources[4]!.keyrings).toEqual([
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n-----END PGP PUBLIC KEY BLOCK-----",
    ]);
  });

  it("are none where there is no apt", () => {
    expect(readAptSources("amd64", root)).toEqual([]);
  });

  it("say where they are wrong", () => {
    write("etc/apt/sources.list", "\ndeb http://mirror.invalid/debian\n");
    expect(() => readAptSources("amd64", root)).toThrow(
      "sources.list, line 2: this is no source of apt's",
    );
  });
});

describe("apt's way to mirrors", () => {
  it.each([
    ['Acquire::http::Proxy "http://p.invalid:3128";', "http://p.invalid:3128"],
    ['Acquire { http { Proxy "http://p.invalid:1"; }; };', "http://p.invalid:1"],
    ['Acquire::http { Timeout "3"; Proxy "http://p.invalid:2"; };', "http://p.invalid:2"],
    ['// Acquire::http::Proxy "http://p.invalid:3128";', "http://env.invalid"],
    ['Acquire::http::Proxy "DIRECT";', undefined],
    ['Acquire::http::Proxy "";', undefined],
    ["", "http://env.invalid"],
  ])("%s", (text, expected) => {
    write("etc/apt/apt.conf.d/proxy", text);
    const { env } = readAptAccess(root, { http_proxy: "http://env.invalid", no_proxy: "x" });
    expect(env).toEqual({
      ...(expected === undefined ? {} : { http_proxy: expected }),
      ...(text.includes("p.invalid") && expected !== "http://env.invalid"
        ? { https_proxy: expected }
        : {}),
      no_proxy: "x",
    });
  });

  it("has credentials, over TLS unless said otherwise", () => {
    write(
      "etc/apt/auth.conf.d/a.conf",
      "machine a.invalid login me password secret\n# comment\n" +
        "machine http://b.invalid/debian\nlogin you\npassword other\n",
    );
    const access = readAptAccess(root, {});
    const of = (url: string): string | undefined => access.credential(new URL(url));
    expect(of("https://a.invalid/debian/x")).toBe("me:secret");
    expect(of("http://a.invalid/debian/x")).toBeUndefined();
    expect(of("http://b.invalid/debian/x")).toBe("you:other");
    expect(of("http://b.invalid/debian-security/x")).toBeUndefined();
    expect(of("https://c.invalid/")).toBeUndefined();
  });
});
