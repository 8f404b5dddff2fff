import type { ClientRequest } from "node:http";
import { messageOf, VarveError } from "../errors.ts";
import { abortWith, readText, refusalOf, response } from "./exchange.ts";
import type { CallOptions } from "./exchange.ts";
import { engineAt, explainFailure } from "./failures.ts";
import { jsonLines } from "./json-lines.ts";
import { LoadEvents } from "./load-events.ts";
import type { LoadProgress, LoadResult } from "./load-events.ts";
import type { Ping } from "./ping.ts";
import { sendBody } from "./send-body.ts";
import type { EngineRequest, Transport } from "./transport.ts";

export interface LoadOptions extends CallOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Streams an archive into the engine (`POST /images/load`) and waits until it is taken in.
 *
 * The engine may answer while it is still being sent to: its error ends the sending, and counts
 * more than the broken connection that follows from it. The archive's iterator is ended in any case.
 *
 * @throws VarveError `ENGINE_LOAD` with the engine's own words if it does not take the image,
 *   `ENGINE_CUT_OFF` if its answer breaks off, and what a call throws otherwise; what the archive
 *   throws; the signal's reason
 */
export async function loadImage(
  transport: Transport,
  { apiVersion }: Ping,
  archive: AsyncIterable<Uint8Array>,
  options: LoadOptions = {},
): Promise<LoadResult> {
  options.signal?.throwIfAborted();
  const request: EngineRequest = {
    method: "POST",
    path: `/v${apiVersion}/images/load?quiet=0`,
    headers: { "content-type": "application/x-tar", "transfer-encoding": "chunked" },
  };
  const sent = transport.open(request);
  const release = abortWith(sent, options.signal);
  const answered = new AbortController();
  const answer = readAnswer(transport, request, sent, options).finally(() => answered.abort());
  const body = sendBody(sent, archive, answered.signal);
  try {
    // An error of the archive comes first here: the answer rejects only when the request is ended.
    const [result] = await Promise.all([answer, body]);
    return result;
  } catch (error) {
    sent.destroy();
    // Nothing of the archive runs any more when the call is over; its own error has been seen.
    await body.catch(() => undefined);
    await answer.catch(() => undefined);
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    release();
    // Answered before all was sent; a finished one may have handed its connection on.
    if (!sent.writableFinished) sent.destroy();
  }
}

async function readAnswer(
  transport: Transport,
  request: EngineRequest,
  sent: ClientRequest,
  options: LoadOptions,
): Promise<LoadResult> {
  let message;
  try {
    message = await response(sent);
  } catch (error) {
    throw explainFailure(error, transport.endpoint);
  }
  const events = new LoadEvents(options.onProgress);
  let refused: string | undefined;
  try {
    const status = message.statusCode ?? 0;
    if (status !== 200)
      throw refusalOf(transport, request, { status, text: await readText(message) });
    for await (const value of jsonLines(message)) {
      refused = events.take(value);
      if (refused !== undefined) break;
    }
    refused ??= events.end();
  } catch (error) {
    throw brokenAnswer(error, transport);
  }
  const { names, ids } = events.result;
  if (refused === undefined && names.length + ids.length > 0) return events.result;
  throw new VarveError(
    "ENGINE_LOAD",
    `${engineAt(transport.endpoint)} did not load the image: ${refused ?? "it names no image that it has loaded"}`,
    hintFor(refused ?? ""),
  );
}

function brokenAnswer(error: unknown, transport: Transport): VarveError {
  if (error instanceof VarveError) return error;
  const engine = engineAt(transport.endpoint);
  return error instanceof SyntaxError
    ? new VarveError(
        "ENGINE_PROTOCOL",
        `${engine} answers the loading in a form that varve does not know: ${messageOf(error)}`,
      )
    : new VarveError("ENGINE_CUT_OFF", `${engine} broke off while it was loading the image`, {
        hint: "it may have been stopped or run out of memory: its log tells",
        cause: error,
      });
}

function hintFor(refused: string): { hint?: string } {
  if (/no space left/i.test(refused)) {
    return { hint: "make room on the engine's disk, for example with docker system prune" };
  }
  if (/max depth exceeded/i.test(refused)) {
    return { hint: "the image has too many layers for this engine: lower --max-layers" };
  }
  return {};
}
