import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { failureOf } from "../support/failures.ts";
import { scriptedEngine } from "./support/scripted-engine.ts";

const ARCHIVE = randomBytes(300_000);

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe("saving an image", () => {
  it("gives the engine's archive as it comes", async () => {
    const { client, requests } = await scriptedEngine((_, response) => response.end(ARCHIVE));
    expect((await bytesOf(client.saveImage("team/app:1.0"))).equals(ARCHIVE)).toBe(true);
    expect(requests.at(-1)).toBe("GET /v1.41/images/team/app%3A1.0/get");
  });

  it("says that the engine has no such image", async () => {
    const { client } = await scriptedEngine((_, response) => {
      response.writeHead(404);
      response.end('{"message":"No such image: app"}');
    });
    const { code, message } = await failureOf(bytesOf(client.saveImage("app")));
    expect(code).toBe("ENGINE_NO_IMAGE");
    expect(message).toMatch(/has no image app$/);
  });

  it("passes other refusals on", async () => {
    const { client } = await scriptedEngine((_, response) => {
      response.writeHead(500);
      response.end('{"message":"disk on fire"}');
    });
    const { code, message } = await failureOf(bytesOf(client.saveImage("app")));
    expect(code).toBe("ENGINE_REFUSED");
    expect(message).toContain("disk on fire");
  });

  it("takes no part for the whole", async () => {
    const { client } = await scriptedEngine((_, response) => {
      response.write(ARCHIVE.subarray(0, 1000), () => response.destroy());
    });
    const { code } = await failureOf(bytesOf(client.saveImage("app")));
    expect(code).toBe("ENGINE_CUT_OFF");
  });

  it("lets go of an archive that nobody wants to its end", async () => {
    const engine = await scriptedEngine((_, response) => {
      response.write(ARCHIVE);
    });
    for await (const chunk of engine.client.saveImage("app")) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await expect.poll(() => engine.connections()).toBe(0);
  });
});
