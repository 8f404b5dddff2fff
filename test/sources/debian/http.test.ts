import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MirrorClient, redacted } from "../../../src/sources/debian/http.ts";
import { failureOf } from "../../support/failures.ts";

let server: Server;
let base: string;
let troubles = 0;
let client: MirrorClient;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/moved") response.writeHead(302, { location: "/there" }).end();
    else if (request.url === "/round") response.writeHead(301, { location: "/round" }).end();
    else if (request.url === "/out") response.writeHead(302, { location: "file:///x" }).end();
    else if (request.url === "/there") response.end("content");
    else if (request.url === "/busy" && troubles > 0) {
      troubles -= 1;
      response.writeHead(503).end();
    } else if (request.url === "/busy") response.end("at last");
    else if (request.url === "/closed") {
      const isMe = request.headers.authorization === `Basic ${btoa("me:secret")}`;
      response.writeHead(isMe ? 200 : 401).end("inside");
    } else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new MirrorClient({ env: {}, credential: () => undefined });
});
afterAll(() => {
  client.close();
  server.close();
});

async function textAt(url: string, by = client): Promise<string | undefined> {
  return by.fetch(url, async (content) => {
    let text = "";
    for await (const piece of content) text += Buffer.from(piece).toString("utf8");
    return text;
  });
}

describe("fetching from mirrors", () => {
  it("follows redirections, and no further than it should", async () => {
    expect(await textAt(`${base}/moved`)).toBe("content");
    expect((await failureOf(textAt(`${base}/round`))).message).toContain("redirected to nowhere");
    expect((await failureOf(textAt(`${base}/out`))).message).toContain("redirected to nowhere");
  });

  it("tries again where the server is busy, and tells what is not there", async () => {
    troubles = 1;
    expect(await textAt(`${base}/busy`)).toBe("at last");
    expect(await textAt(`${base}/nothing`)).toBeUndefined();
  });

  it("says who it is where apt would", async () => {
    const refused = await failureOf(textAt(`${base}/closed`));
    expect(refused).toMatchObject({
      code: "MIRROR_REFUSES",
      message: `GET ${base}/closed: the server answers 401`,
      hint: expect.stringContaining("auth.conf") as string,
    });
    const known = new MirrorClient({ env: {}, credential: () => "me:secret" });
    expect(await textAt(`${base}/closed`, known)).toBe("inside");
    known.close();
    expect(await textAt(`${base.replace("//", "//me:secret@")}/closed`)).toBe("inside");
    const wrong = await failureOf(textAt(`${base.replace("//", "//me:wrong@")}/closed`));
    expect(wrong.message).not.toContain("wrong");
    expect(redacted("https://a:b@c/d")).toBe("https://c/d");
  });

  it("reads files", async () => {
    const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-file-"));
    fs.writeFileSync(path.join(folder, "a b"), "in a file");
    const url = pathToFileURL(path.join(folder, "a b")).href;
    expect(await textAt(url)).toBe("in a file");
    expect(await textAt(`${url}c`)).toBeUndefined();
    fs.rmSync(folder, { recursive: true });
  });
});
