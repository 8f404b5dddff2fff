import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { LoadProgress } from "../../src/engine/load-events.ts";
import { failureOf } from "../support/failures.ts";
import { afterBody, scriptedEngine } from "./support/scripted-engine.ts";

const loaded = '{"stream":"Loaded image: web:latest\\n"}\r\n';
const mib = 1 << 20;

describe("loadImage", () => {
  it("sends the archive in chunks and tells what was loaded", async () => {
    const chunks = [1, 3 * mib, 0, 100, mib - 50, 7, mib].map((size, index) =>
      Buffer.alloc(size, index + 1),
    );
    let received: Buffer = Buffer.alloc(0);
    let encoding: string | undefined;
    const { client, requests } = await scriptedEngine((request, response) => {
      encoding = request.headers["transfer-encoding"];
      afterBody((body) => {
        received = body;
        response.end(
          `{"status":"Loading layer","id":"a2","progressDetail":{"current":1}}\n${loaded}`,
        );
      })(request, response);
    });
    const progress: LoadProgress[] = [];
    const result = await client.loadImage(archive(chunks), {
      onProgress: (event) => progress.push(event),
    });
    expect(result).toEqual({ names: ["web:latest"], ids: [] });
    expect(progress).toEqual([{ status: "Loading layer", id: "a2", current: 1 }]);
    expect(received.equals(Buffer.concat(chunks))).toBe(true);
    expect(encoding).toBe("chunked");
    expect(requests.at(-1)).toBe("POST /v1.41/images/load?quiet=0");
  });

  it("joins small chunks, and leaves each alone once it asks for the next", async () => {
    let received: Buffer = Buffer.alloc(0);
    const { client } = await scriptedEngine(
      afterBody((body, response) => {
        received = body;
        response.end(loaded);
      }),
    );
    const one = Buffer.alloc(512);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 5000; index += 1) {
        yield one.fill(index % 251);
      }
    }
    await client.loadImage(reusing());
    const expected = Buffer.concat(
      Array.from({ length: 5000 }, (_, index) => Buffer.alloc(512, index % 251)),
    );
    expect(received.equals(expected)).toBe(true);
  });

  it("is no faster than the engine reads", async () => {
    let made = 0;
    let peak = 0;
    let taken = 0;
    const { client } = await scriptedEngine((request, response) => {
      void (async () => {
        for await (const chunk of request as AsyncIterable<Buffer>) {
          taken += chunk.length;
          await delay(1);
        }
        response.end(loaded);
      })();
    });
    async function* counted(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 24; index += 1) {
        made += mib;
        peak = Math.max(peak, made - taken);
        yield Buffer.alloc(mib);
      }
    }
    await client.loadImage(counted());
    expect(taken).toBe(24 * mib);
    expect(peak).toBeLessThan(6 * mib);
  });

  it("keeps nothing of what it has sent", async () => {
    const { client } = await scriptedEngine((request, response) => {
      request.resume();
      request.on("end", () => response.end(loaded));
    });
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    async function* measured(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 400; index += 1) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
        yield Buffer.alloc(mib, index);
      }
    }
    await client.loadImage(measured());
    expect(peak).toBeLessThan(250 * mib);
    // 400 MB take their time where much else runs.
  }, 60_000);

  it("reads an answer that comes in single bytes", async () => {
    const { client } = await scriptedEngine(
      afterBody((_body, response) => {
        void (async () => {
          for (const byte of Buffer.from(`{"status":"größer"}\r\n${loaded}`)) {
            response.write(Buffer.of(byte));
            await delay(1);
          }
          response.end();
        })();
      }),
    );
    expect(await client.loadImage(archive([Buffer.from("x")]))).toEqual({
      names: ["web:latest"],
      ids: [],
    });
  });

  it("takes success before the end of the archive for what it is", async () => {
    const { client } = await scriptedEngine((_request, response) => {
      response.writeHead(200, { connection: "close" }).end(loaded);
    });
    const source = new Endless();
    expect((await client.loadImage(source)).names).toEqual(["web:latest"]);
    expect(source.ended).toBe(true);
  });
});

describe("a failure to load", () => {
  it.each([
    [
      '{"errorDetail":{"message":"max depth exceeded"},"error":"max depth exceeded"}',
      "max depth exceeded",
      "--max-layers",
    ],
    ['{"error":"write /x: no space left on device"}', "no space left on device", "make room"],
    ['{"errorDetail":{"message":"unexpected EOF"}}', "unexpected EOF", undefined],
    [
      '{"stream":"Loaded image: web:latest\\n"}\n{"stream":"Error unpacking image web:latest: bad\\n"}',
      "Error unpacking image web:latest: bad",
      undefined,
    ],
    ['{"stream":"hello"}', "it names no image that it has loaded", undefined],
    ["", "it names no image that it has loaded", undefined],
  ])("is seen although the status is 200: %s", async (answer, reason, hint) => {
    const { client, socket } = await scriptedEngine(
      afterBody((_body, response) => response.end(`{"status":"x"}\n${answer}\n`)),
    );
    const error = await failureOf(client.loadImage(archive([Buffer.alloc(10)])));
    expect(error.code).toBe("ENGINE_LOAD");
    expect(error.message).toBe(
      `the Docker engine at unix://${socket} (--host) did not load the image: ${reason}`.replace(
        "no space left on device",
        "write /x: no space left on device",
      ),
    );
    if (hint === undefined) expect(error.hint).toBeUndefined();
    else expect(error.hint).toContain(hint);
  });

  it("is told by a status as well", async () => {
    const { client } = await scriptedEngine(
      afterBody((_body, response) => response.writeHead(500).end('{"message":"disk on fire"}')),
    );
    const error = await failureOf(client.loadImage(archive([Buffer.alloc(10)])));
    expect(error.code).toBe("ENGINE_REFUSED");
    expect(error.message).toMatch(/POST \/v1\.41\/images\/load\?quiet=0 \(500\): disk on fire$/);
  });

  it("ends the sending, and counts more than the broken pipe", async () => {
    const { client } = await scriptedEngine((request, response) => {
      request.once("data", () => {
        response.writeHead(413, { connection: "close" }).end('{"message":"too big for me"}');
        response.once("finish", () => request.socket.destroy());
      });
    });
    for (let round = 0; round < 20; round += 1) {
      const source = new Endless();
      const error = await failureOf(client.loadImage(source));
      expect(error.message).toContain("(413): too big for me");
      expect(source.ended).toBe(true);
    }
  });

  it("is read before anything more is sent to an engine that has gone", async () => {
    const refuse = Promise.withResolvers<undefined>();
    const gone = Promise.withResolvers<undefined>();
    const { client } = await scriptedEngine((request, response) => {
      request.resume();
      request.socket.once("close", () => gone.resolve(undefined));
      void refuse.promise.then(() => {
        response.writeHead(413, { connection: "close" }).end('{"message":"too big for me"}');
        response.once("finish", () => request.socket.destroy());
      });
    });
    async function* waiting(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(mib);
      // All is written by now, so that the next write meets the closed socket at once.
      refuse.resolve(undefined);
      await gone.promise;
      for (;;) yield Buffer.alloc(mib);
    }
    const error = await failureOf(client.loadImage(waiting()));
    expect(error.message).toContain("(413): too big for me");
  });

  it("ends the sending when it is a line of the answer", async () => {
    const { client } = await scriptedEngine((request, response) => {
      request.once("data", () => {
        response.write('{"status":"Loading layer"}\n');
        setTimeout(() => response.write('{"error":"archive/tar: invalid tar header"}\n'), 20);
      });
      request.resume();
    });
    const source = new Endless();
    const error = await failureOf(client.loadImage(source));
    expect(error.code).toBe("ENGINE_LOAD");
    expect(error.message).toContain("invalid tar header");
    expect(source.ended).toBe(true);
  });

  it("without any answer is a closed connection", async () => {
    const { client } = await scriptedEngine((request) => {
      request.once("data", () => request.socket.destroy());
    });
    const source = new Endless();
    const error = await failureOf(client.loadImage(source));
    expect(error.code).toBe("ENGINE_UNREACHABLE");
    expect(error.message).toContain("closed the connection without an answer");
    expect(source.ended).toBe(true);
  });

  it("may be an answer that breaks off", async () => {
    const { client } = await scriptedEngine(
      afterBody((_body, response) => {
        response.write('{"status":"Loading layer"}\n{"stream":"Loaded ima');
        setTimeout(() => response.destroy(), 20);
      }),
    );
    const error = await failureOf(client.loadImage(archive([Buffer.alloc(10)])));
    expect(error.code).toBe("ENGINE_CUT_OFF");
    expect(error.message).toContain("broke off while it was loading the image");
  });

  it("may be an answer that is no JSON", async () => {
    const { client } = await scriptedEngine(
      afterBody((_body, response) => response.end("<html>\n")),
    );
    const error = await failureOf(client.loadImage(archive([Buffer.alloc(10)])));
    expect(error.code).toBe("ENGINE_PROTOCOL");
    expect(error.message).toContain("not a line of JSON: <html>");
  });

  it("of the archive itself ends the request and is passed on as it is", async () => {
    const engine = await scriptedEngine((request) => void request.resume());
    await expect(engine.client.loadImage(failing())).rejects.toThrow("changed while it was read");
    await delay(50);
    expect(await engine.connections()).toBe(0);
  });
});

describe("interrupting a load", () => {
  it("ends the connection and the archive at once", async () => {
    const engine = await scriptedEngine((request) => void request.resume());
    const abort = new AbortController();
    const source = new Endless();
    const loading = engine.client.loadImage(source, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error("interrupted")), 50);
    await expect(loading).rejects.toThrow("interrupted");
    expect(source.ended).toBe(true);
    await delay(50);
    expect(await engine.connections()).toBe(0);
  });

  it("works while the engine reads nothing", async () => {
    const engine = await scriptedEngine(() => undefined);
    const source = new Endless();
    const loading = engine.client.loadImage(source, { signal: AbortSignal.timeout(100) });
    await expect(loading).rejects.toThrow("timeout");
    expect(source.ended).toBe(true);
  });

  it("works while the archive has nothing to give", async () => {
    const engine = await scriptedEngine((request) => void request.resume());
    const loading = engine.client.loadImage(stuck(), { signal: AbortSignal.timeout(100) });
    await expect(loading).rejects.toThrow("timeout");
  });

  it("works before it has begun", async () => {
    const engine = await scriptedEngine(() => undefined);
    const source = new Endless();
    const signal = AbortSignal.abort(new Error("before"));
    await expect(engine.client.loadImage(source, { signal })).rejects.toThrow("before");
    expect(engine.requests).toEqual([]);
  });

  it("works while the answer is awaited", async () => {
    const engine = await scriptedEngine(afterBody(() => undefined));
    const loading = engine.client.loadImage(archive([Buffer.alloc(10)]), {
      signal: AbortSignal.timeout(100),
    });
    await expect(loading).rejects.toThrow("timeout");
  });
});

async function* archive(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(mib);
  await delay(20);
  throw new Error("/nix/store/x changed while it was read");
}

async function* stuck(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(10);
  await new Promise(() => undefined);
}

/** An archive without an end, which knows whether its iterator was ended. */
class Endless implements AsyncIterable<Uint8Array> {
  ended = false;

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(mib / 4);
    } finally {
      this.ended = true;
    }
  }
}
