import { createHash } from "node:crypto";
import { parentPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { messageOf, VarveError } from "../../errors.ts";
import { measureLayer, writeLayerTar } from "../layer-tar.ts";
import { pieceFor, writeFullySync } from "../../io/write-fully.ts";
import type { PlainError, Request, Response, TaskName, Tasks } from "./protocol.ts";
import { RingWriter } from "./ring.ts";
import { hashRing, RingAbandoned, SharedRingMaker, takeFromRing } from "./shared-ring.ts";

const port = parentPort;
if (port === null) throw new Error("pack-worker runs as a worker thread only");

port.on("message", (request: Request) => {
  void answer(port, request);
});

async function answer(to: MessagePort, request: Request): Promise<void> {
  let response: Response;
  try {
    response = { output: await run(request) };
  } catch (error) {
    response = { error: plainError(error) };
  }
  to.postMessage(response, handedOver(request, response));
}

/** What goes over to the other thread without being copied. */
function handedOver(request: Request, response: Response): ArrayBuffer[] {
  if (!("output" in response)) return [];
  if (request.task !== "measure") return [];
  const { record } = response.output as Tasks["measure"]["output"];
  return record === undefined ? [] : [record.bytes.buffer];
}

async function run(request: Request): Promise<Tasks[TaskName]["output"]> {
  switch (request.task) {
    case "measure":
      return measureLayer(request.input.spec);
    case "digest": {
      const { consume, diffId } = hasher();
      const size = writeLayerTar(request.input.spec, consume);
      return { diffId: diffId(), size };
    }
    case "write":
      return write(request.input);
    case "hash":
      return hashRing(request.input.ring);
    case "put": {
      const { ring, fd } = request.input;
      const most = pieceFor(fd);
      takeFromRing(ring, (bytes) => {
        writeFullySync(fd, bytes, most);
      });
      return undefined;
    }
    case "stream": {
      const { spec, record, hashed } = request.input;
      const ring = new RingWriter(request.input.ring, () => {
        port!.postMessage({ chunk: true } satisfies Response);
      });
      const { consume, diffId } = hasher();
      const take = (bytes: Buffer): void => {
        ring.write(bytes);
        if (hashed) consume(bytes);
      };
      const size = writeLayerTar(spec, take, { record });
      return { diffId: hashed ? diffId() : undefined, size };
    }
  }
}

function write({ spec, record, fd, ring }: Tasks["write"]["input"]): number | undefined {
  const most = fd === undefined ? 0 : pieceFor(fd);
  const put = (bytes: Buffer): void => {
    if (fd !== undefined) writeFullySync(fd, bytes, most);
  };
  if (ring === undefined) return writeLayerTar(spec, put, { record });
  const maker = new SharedRingMaker(ring);
  const publish = (bytes: Buffer): void => {
    maker.publish(bytes.length);
    put(bytes);
  };
  try {
    return writeLayerTar(spec, publish, { record, nextBuffer: () => maker.nextBuffer() });
  } catch (error) {
    if (error instanceof RingAbandoned) return undefined;
    throw error;
  } finally {
    maker.end();
  }
}

function hasher(): { consume: (bytes: Buffer) => void; diffId: () => string } {
  const hash = createHash("sha256");
  return {
    consume: (bytes) => {
      hash.update(bytes);
    },
    diffId: () => `sha256:${hash.digest("hex")}`,
  };
}

function plainError(error: unknown): PlainError {
  return {
    code: error instanceof VarveError ? error.code : "INTERNAL",
    message: messageOf(error),
    hint: error instanceof VarveError ? error.hint : undefined,
    stack: error instanceof Error ? error.stack : undefined,
  };
}
