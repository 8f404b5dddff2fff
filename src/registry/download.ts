import { createHash } from "node:crypto";
import type { Descriptor } from "../image/descriptor.ts";
import type { Access } from "./authorizer.ts";
import { RegistryError } from "./registry-error.ts";
import { shownUrl } from "./redact.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { Patience } from "./retry.ts";

/** Statuses of an answer to a request for a part: the part, the whole, or no such part. */
const PART = 206;
const NO_SUCH_PART = 416;

/**
 * A blob's bytes from a registry (OCI distribution-spec, "Pulling blobs"). When the connection
 * breaks, what is still missing is asked for by `Range` (RFC 9110, section 14); where a registry
 * sends the whole again instead, what has been passed on is skipped.
 *
 * Length and digest are checked: an error at the end says that the bytes before are not the blob.
 *
 * @throws RegistryError
 */
export async function* downloadBlob(
  repository: RepositoryClient,
  blob: Pick<Descriptor, "digest" | "size">,
  access: Access,
): AsyncGenerator<Uint8Array, void, undefined> {
  const download = new Download(repository, blob, access);
  const patience = new Patience(repository.client.policy);
  while (!download.isWhole) {
    const before = download.received;
    try {
      yield* download.rest();
    } catch (error) {
      if (download.received > before) patience.progressed();
      await patience.afterFailure(error);
    }
  }
}

class Download {
  readonly #repository: RepositoryClient;
  readonly #blob: Pick<Descriptor, "digest" | "size">;
  readonly #access: Access;
  readonly #hash = createHash("sha256");
  /** False once the registry has shown that it does not send parts. */
  #sendsParts = true;
  received = 0;
  isWhole = false;

  constructor(
    repository: RepositoryClient,
    blob: Pick<Descriptor, "digest" | "size">,
    access: Access,
  ) {
    this.#repository = repository;
    this.#blob = blob;
    this.#access = access;
  }

  /** What is still missing; ends early only with an error. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    const { digest, size } = this.#blob;
    const isPart = this.received > 0 && this.received < size && this.#sendsParts;
    const { status, headers, url, stream, discard } = await this.#repository.client.open({
      method: "GET",
      at: this.#repository.at(`blobs/${digest}`),
      access: this.#access,
      headers: isPart ? { range: `bytes=${this.received}-` } : {},
      expect: isPart ? [200, PART, NO_SUCH_PART] : [200],
    });
    try {
      const begins = status === PART ? beginOf(headers["content-range"]) : 0;
      if (status === NO_SUCH_PART || begins === undefined || begins > this.received) {
        this.#sendsParts = false;
        throw broken(url, "it does not send the part that was asked for");
      }
      let at = begins;
      for await (const chunk of stream()) {
        const known = Math.min(chunk.length, Math.max(0, this.received - at));
        at += chunk.length;
        if (at > size) throw wrong(url, `it is longer than ${size} bytes`);
        if (known === chunk.length) continue;
        const fresh = known === 0 ? chunk : chunk.subarray(known);
        this.#hash.update(fresh);
        this.received += fresh.length;
        yield fresh;
      }
      if (at < size && isWholeAnswer(headers["content-length"], at - begins)) {
        throw wrong(url, `it has ${at} bytes where ${size} are promised`);
      }
      if (at < size) throw broken(url, "the connection was cut");
    } finally {
      discard();
    }
    const found = `sha256:${this.#hash.digest("hex")}`;
    if (found !== digest) throw wrong(url, `its bytes have the digest ${found}`);
    this.isWhole = true;
  }
}

/** `bytes 100-199/200` → 100; undefined when it says nothing that makes sense. */
function beginOf(range: string | undefined): number | undefined {
  const begin = /^\s*bytes (\d{1,15})-\d+\/(?:\d+|\*)\s*$/.exec(range ?? "")?.[1];
  return begin === undefined ? undefined : Number(begin);
}

/** Whether the answer promised no more than came. */
function isWholeAnswer(length: string | undefined, came: number): boolean {
  return length !== undefined && Number(length) === came;
}

function broken(url: URL, why: string): RegistryError {
  return new RegistryError("REGISTRY_UNREACHABLE", `GET ${shownUrl(url)}: ${why}`, {
    temporary: true,
    hint: "try again; check the network and any proxy on the way",
  });
}

function wrong(url: URL, why: string): RegistryError {
  return new RegistryError("REGISTRY_DIGEST", `GET ${shownUrl(url)}: ${why}`, {
    temporary: false,
    hint: "the registry has damaged content, or something on the way changes it",
  });
}
