import { VarveError } from "../errors.ts";
import { abortWith, readText, refusalOf, response } from "./exchange.ts";
import type { CallOptions } from "./exchange.ts";
import { engineAt, explainFailure } from "./failures.ts";
import { imagePath } from "./images.ts";
import type { Ping } from "./ping.ts";
import type { Transport } from "./transport.ts";

/**
 * An image as a Docker archive (`GET /images/NAME/get`), while the engine makes it.
 *
 * @throws VarveError `ENGINE_NO_IMAGE` if it has none of that name, `ENGINE_CUT_OFF` if its answer
 *   breaks off, and what a call throws otherwise; the signal's reason
 */
export async function* saveImage(
  transport: Transport,
  { apiVersion }: Ping,
  reference: string,
  options: CallOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  options.signal?.throwIfAborted();
  const path = `/v${apiVersion}/images/${imagePath(reference)}/get`;
  const request = { method: "GET", path } as const;
  const sent = transport.open(request);
  const release = abortWith(sent, options.signal);
  try {
    const responded = response(sent);
    sent.end();
    const message = await responded.catch((error: unknown) => {
      throw explainFailure(error, transport.endpoint);
    });
    const status = message.statusCode ?? 0;
    const engine = engineAt(transport.endpoint);
    if (status !== 200) {
      const text = await readText(message);
      if (status !== 404) throw refusalOf(transport, request, { status, text });
      throw new VarveError("ENGINE_NO_IMAGE", `${engine} has no image ${reference}`, {
        hint: "docker images lists what it has",
      });
    }
    try {
      yield* message as AsyncIterable<Buffer>;
    } catch (error) {
      throw new VarveError("ENGINE_CUT_OFF", `${engine} broke off while it gave out the image`, {
        hint: "it may have been stopped or run out of space: its log tells",
        cause: error,
      });
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    release();
    sent.destroy();
  }
}
