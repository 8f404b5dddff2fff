import { once } from "node:events";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import * as v from "valibot";
import { messageOf, VarveError } from "../errors.ts";
import { engineAt, explainFailure, refusal } from "./failures.ts";
import type { EngineRequest, Transport } from "./transport.ts";

/** What every call to an engine takes. */
export interface CallOptions {
  /** Ends the connection at once; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** More than the list of ten thousand images; a stream without an end is stopped here. */
const maxAnswerBytes = 256 << 20;

/**
 * Sends a request without a body and reads the whole answer, whatever its status.
 *
 * @throws VarveError `ENGINE_UNREACHABLE`, `ENGINE_TLS`, `ENGINE_SSH`, `ENGINE_PROTOCOL`; the
 *   signal's reason
 */
export async function exchange(
  transport: Transport,
  request: EngineRequest,
  options: CallOptions = {},
): Promise<Answer> {
  options.signal?.throwIfAborted();
  const sent = transport.open(request);
  const release = abortWith(sent, options.signal);
  try {
    const responded = response(sent);
    sent.end();
    const message = await responded;
    const text = await readText(message);
    return { status: message.statusCode ?? 0, headers: message.headers, text };
  } catch (error) {
    options.signal?.throwIfAborted();
    throw explainFailure(error, transport.endpoint);
  } finally {
    release();
  }
}

/**
 * A call that is answered in JSON; undefined for status 404.
 *
 * @throws what {@link exchange} throws; VarveError `ENGINE_REFUSED` for other statuses,
 *   `ENGINE_PROTOCOL` for an answer of another form
 */
export async function exchangeJson<Schema extends v.GenericSchema>(
  transport: Transport,
  request: EngineRequest,
  schema: Schema,
  options: CallOptions = {},
): Promise<v.InferOutput<Schema> | undefined> {
  const answer = await exchange(transport, request, options);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refusalOf(transport, request, answer);
  const strange = (why: string): VarveError =>
    new VarveError(
      "ENGINE_PROTOCOL",
      `${engineAt(transport.endpoint)} answers ${request.method} ${request.path} in a form that varve does not know: ${why}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(answer.text);
  } catch (error) {
    throw strange(messageOf(error));
  }
  const checked = v.safeParse(schema, value);
  if (checked.success) return checked.output;
  const issue = checked.issues[0];
  throw strange(`${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
}

/** The error for an answer that is no success. */
export function refusalOf(
  transport: Transport,
  request: EngineRequest,
  answer: Pick<Answer, "status" | "text">,
): VarveError {
  return refusal(transport.endpoint, request, answer.status, answer.text);
}

/** The head of the answer; rejects if there is none. Errors that come later are the reader's. */
export async function response(request: ClientRequest): Promise<IncomingMessage> {
  // Stays for good: without a listener a late error would end the process.
  request.on("error", () => undefined);
  const [message] = (await once(request, "response")) as [IncomingMessage];
  return message;
}

/** Destroys the request when the signal says so; call the result when the request is over. */
export function abortWith(request: ClientRequest, signal: AbortSignal | undefined): () => void {
  const abort = (): void => void request.destroy();
  signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}

/** The whole of an answer's body. */
export async function readText(message: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error(`its answer is over ${maxAnswerBytes} bytes long`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
