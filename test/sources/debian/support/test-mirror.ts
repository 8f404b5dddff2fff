import { createHash } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import * as zlib from "node:zlib";
import * as openpgp from "openpgp";
import type { PrivateKey } from "openpgp";
import type { AptSource } from "../../../../src/sources/debian/apt-sources.ts";
import { DownloadCache } from "../../../../src/sources/debian/download-cache.ts";
import { MirrorClient } from "../../../../src/sources/debian/http.ts";
import type { MirrorAccess } from "../../../../src/sources/debian/mirror.ts";
import { makeDeb } from "./make-deb.ts";
import type { DebInput } from "./make-deb.ts";

/** A package of the mirror: fields beside name and version, and what is in its archive. */
export interface TestPackage {
  readonly fields?: Readonly<Record<string, string>>;
  readonly data?: DebInput["data"];
  readonly scripts?: DebInput["scripts"];
  readonly compression?: DebInput["compression"];
  /** Instead of an archive made of these. */
  readonly bytes?: Buffer;
}

export interface SuiteOptions {
  /** Packages in an index of their own for all architectures. */
  readonly all?: Readonly<Record<string, TestPackage>>;
  /** Fields of the Release file beside the usual ones; an empty one takes a usual one away. */
  readonly release?: Readonly<Record<string, string>>;
  readonly key?: PrivateKey;
  readonly signing?: "InRelease" | "Release.gpg" | "none";
  readonly at?: Date;
}

/** A key to sign Release files with. */
export async function makeKey(
  options: { date?: Date; expires?: number } = {},
): Promise<PrivateKey> {
  const { privateKey } = await openpgp.generateKey({
    userIDs: [{ name: "Test archive" }],
    type: "ecc",
    format: "object",
    ...(options.date === undefined ? {} : { date: options.date }),
    ...(options.expires === undefined ? {} : { keyExpirationTime: options.expires }),
  });
  return privateKey;
}

/** A mirror on the loopback interface, with its client and a cache folder of its own. */
export class TestMirror {
  readonly files = new Map<string, Buffer>();
  /** Paths asked for, in order. */
  readonly asked: string[] = [];
  /** Connections that are cut in the middle of an answer before they are served. */
  cuts = 0;
  /** Nobody answers: connections are cut before a word. */
  isDown = false;
  readonly folder: string = fs.mkdtempSync(path.join(tmpdir(), "varve-mirror-"));
  readonly client: MirrorClient = new MirrorClient({ env: {}, credential: () => undefined });
  readonly #server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? "").slice(1));
    this.asked.push(name);
    if (this.isDown) {
      response.destroy();
      return;
    }
    const content = this.files.get(name);
    if (content !== undefined && this.cuts > 0) {
      this.cuts -= 1;
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, content.length >> 1), () => response.destroy());
      return;
    }
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  readonly #key: PrivateKey;

  private constructor(key: PrivateKey) {
    this.#key = key;
  }

  static async start(): Promise<TestMirror> {
    const mirror = new TestMirror(await makeKey());
    mirror.#server.listen(0, "127.0.0.1");
    await once(mirror.#server, "listening");
    return mirror;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  access(changes: Partial<MirrorAccess> = {}): MirrorAccess {
    return {
      client: this.client,
      cache: new DownloadCache(path.join(this.folder, "cache")),
      isOffline: false,
      ...changes,
    };
  }

  source(changes: Partial<AptSource> = {}): AptSource {
    return {
      mirror: this.url,
      suite: "stable",
      components: ["main"],
      keyrings: [this.#key.toPublic().armor()],
      isTrusted: false,
      ignoresValidity: false,
      ...changes,
    };
  }

  /** Publishes packages, by `name version`, as the suite `stable` for amd64. */
  async publish(
    packages: Readonly<Record<string, TestPackage>>,
    options: SuiteOptions = {},
  ): Promise<void> {
    const listed = [this.#index("amd64", packages)];
    if (options.all !== undefined) listed.push(this.#index("all", options.all));
    const fields = {
      Origin: "Test",
      Suite: "stable",
      Codename: "test",
      Date: "Sat, 11 Jul 2026 10:16:37 UTC",
      "Acquire-By-Hash": "yes",
      Components: "main",
      Architectures: options.all === undefined ? "amd64" : "all amd64",
      SHA256: listed.map((line) => `\n ${line}`).join(""),
      ...options.release,
    };
    await this.#sign(textOf(fields), options);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** Places an index; its line in the Release file. */
  #index(architecture: string, packages: Readonly<Record<string, TestPackage>>): string {
    const paragraphs = Object.entries(packages).map(([label, input]) => this.#place(label, input));
    const index = zlib.gzipSync(paragraphs.join("\n"));
    const folder = `main/binary-${architecture}`;
    this.files.set(`dists/stable/${folder}/by-hash/SHA256/${sha256(index)}`, index);
    return `${sha256(index)} ${index.length} ${folder}/Packages.gz`;
  }

  #place(label: string, input: TestPackage): string {
    const [name = "", version = ""] = label.split(" ");
    const own = { Package: name, Version: version, Architecture: "amd64", ...input.fields };
    const { data = {}, scripts = {}, compression = "gz" } = input;
    const bytes = input.bytes ?? makeDeb({ control: textOf(own), data, scripts, compression });
    const file = `pool/${name}_${version}_amd64.deb`;
    this.files.set(file, bytes);
    return textOf({ ...own, Filename: file, Size: String(bytes.length), SHA256: sha256(bytes) });
  }

  async #sign(text: string, options: SuiteOptions): Promise<void> {
    const { key = this.#key, signing = "InRelease", at } = options;
    const date = at === undefined ? {} : { date: at };
    for (const name of ["InRelease", "Release", "Release.gpg"])
      this.files.delete(`dists/stable/${name}`);
    if (signing === "InRelease") {
      const message = await openpgp.createCleartextMessage({ text });
      const signed = await openpgp.sign({ message, signingKeys: key, ...date });
      this.files.set("dists/stable/InRelease", Buffer.from(signed));
      return;
    }
    this.files.set("dists/stable/Release", Buffer.from(text));
    if (signing === "none") return;
    const message = await openpgp.createMessage({ binary: Buffer.from(text) });
    const signature = await openpgp.sign({ message, signingKeys: key, detached: true, ...date });
    this.files.set("dists/stable/Release.gpg", Buffer.from(signature));
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function textOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");
}
