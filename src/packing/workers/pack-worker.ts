import { createHash } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { messageOf, VarveError } from "../../errors.ts";
import { compressBlock } from "../codec/block.ts";
import { writeLayerTar } from "../layer-tar.ts";
import { writeFullySync } from "../../io/write-fully.ts";
import type { PlainError, Request, Response, TaskName, Tasks } from "./protocol.ts";
import { RingWriter } from "./ring.ts";

const port = parentPort;
if (port === null) throw new Error("pack-worker runs as a worker thread only");

port.on("message", (request: Request) => {
  let response: Response;
  try {
    response = { output: run(request) };
  } catch (error) {
    response = { error: plainError(error) };
  }
  port.postMessage(response);
});

function run(request: Request): Tasks[TaskName]["output"] {
  switch (request.task) {
    case "digest": {
      const hash = createHash("sha256");
      const size = writeLayerTar(request.input.spec, (bytes) => {
        hash.update(bytes);
      });
      return { diffId: `sha256:${hash.digest("hex")}`, size };
    }
    case "write": {
      const { spec, fd } = request.input;
      return writeLayerTar(spec, (bytes) => {
        writeFullySync(fd, bytes);
      });
    }
    case "stream": {
      const ring = new RingWriter(request.input.ring, () => {
        port!.postMessage({ chunk: true } satisfies Response);
      });
      return writeLayerTar(request.input.spec, (bytes) => {
        ring.write(bytes);
      });
    }
    case "compress":
      return compressBlock(request.input.codec, request.input.level, request.input.block);
  }
}

function plainError(error: unknown): PlainError {
  return {
    code: error instanceof VarveError ? error.code : "INTERNAL",
    message: messageOf(error),
    hint: error instanceof VarveError ? error.hint : undefined,
    stack: error instanceof Error ? error.stack : undefined,
  };
}
