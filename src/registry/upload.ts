import { digestOf } from "../image/digest.ts";
import type { Access } from "./authorizer.ts";
import type { RegistryAnswer } from "./client.ts";
import { Redirected, RegistryError } from "./registry-error.ts";
import { shownUrl } from "./redact.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { Patience } from "./retry.ts";
import { beginningOf, inPieces, MeasuredBytes } from "./upload-bytes.ts";
import type { Beginning, BlobIdentity } from "./upload-bytes.ts";

/** Bytes to be uploaded, which can be made again as often as it takes. */
export interface BlobSource {
  /** What is known of them beforehand. */
  readonly known?: BlobIdentity | undefined;
  /** The bytes from their beginning: the same each time. Each chunk may be lent until the next. */
  open(): AsyncIterable<Uint8Array>;
}

export interface UploadedBlob extends BlobIdentity {
  /** Whether the registry turned out to have it: then nothing was sent. */
  readonly present: boolean;
}

/** A blob up to this length is made whole first: its digest is known then, and one PUT does. */
const SHORT_BLOB = 512 << 10;
/** Bytes of a piece when a blob goes in pieces, unless the registry wants them longer. */
const PIECE_SIZE = 16 << 20;
const SMALLEST_PIECE = 1 << 20;
/** Tries of the whole blob when the registry finds something wrong with its bytes. */
const MOST_RESTARTS = 3;

/** Where an upload has got to. */
interface Place {
  /** Where the registry wants the next request. */
  location: URL;
  /** Bytes that the registry has. */
  offset: number;
}

export interface UploadOptions {
  /** Told of bytes handed to the network. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** Whether to ask first if a blob is there; false where the registry's word is not good. */
  readonly ask?: boolean | undefined;
}

/**
 * Uploads a blob (OCI distribution-spec, "Pushing blobs"). A blob goes in one request while its
 * bytes are made. When the connection breaks, the registry is asked what it has, the bytes are
 * made again, and the rest goes in pieces, each with its place.
 *
 * @throws RegistryError; whatever the source throws
 */
export async function uploadBlob(
  repository: RepositoryClient,
  source: BlobSource,
  options: UploadOptions = {},
): Promise<UploadedBlob> {
  if (source.known !== undefined) return new BlobUpload(repository, source, options).run();
  const beginning = await beginningOf(source.open(), SHORT_BLOB);
  if (beginning.whole === undefined) return uploadBytes(repository, beginning.bytes, options);
  try {
    return await new BlobUpload(repository, source, options, beginning).run();
  } finally {
    await beginning.end();
  }
}

/** Uploads bytes at hand, unless the registry has them. */
export async function uploadBytes(
  repository: RepositoryClient,
  bytes: Uint8Array,
  options: UploadOptions = {},
): Promise<UploadedBlob> {
  const known = { digest: digestOf(bytes), size: bytes.length };
  if (options.ask !== false && (await repository.hasBlob(known.digest))) {
    return { ...known, present: true };
  }
  const open = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes;
  };
  return new BlobUpload(repository, { known, open }, options).run();
}

class BlobUpload {
  readonly #repository: RepositoryClient;
  readonly #source: BlobSource;
  readonly #onSent: (bytes: number) => void;
  readonly #access: Access;
  /** The bytes that are being made already, for the first try. */
  #begun: Beginning | undefined;
  /** In pieces: after a break, and where a request must not be long. */
  #inPieces = false;
  #pieceSize = PIECE_SIZE;
  #leastPiece = SMALLEST_PIECE;
  #restarts = 0;
  /** Known beforehand, or found when the bytes have been made to their end. */
  #identity: BlobIdentity | undefined;

  constructor(
    repository: RepositoryClient,
    source: BlobSource,
    { onSent = (): void => undefined }: UploadOptions,
    begun?: Beginning,
  ) {
    this.#repository = repository;
    this.#source = source;
    this.#onSent = onSent;
    this.#begun = begun;
    this.#identity = source.known;
    this.#access = repository.pushAccess();
  }

  async run(): Promise<UploadedBlob> {
    const patience = new Patience(this.#repository.client.policy);
    let place: Place | undefined;
    let furthest = 0;
    for (;;) {
      place ??= await this.#open();
      try {
        return { ...(await this.#send(place)), present: false };
      } catch (error) {
        const next = this.#next(error);
        if (next === undefined) await patience.afterFailure(error);
        const identity = this.#identity;
        if (identity !== undefined && (await this.#repository.hasBlob(identity.digest))) {
          return { ...identity, present: false };
        }
        if (next === "restart") place = undefined;
        else if (error instanceof Redirected) place.location = error.target;
        else place = await this.#ask(place);
        if (place !== undefined && place.offset > furthest) {
          furthest = place.offset;
          patience.progressed();
        }
        this.#inPieces ||= place !== undefined && place.offset > 0;
      }
    }
  }

  /** What a refusal calls for; undefined when it says nothing about how to go on. */
  #next(error: unknown): "restart" | "ask" | undefined {
    if (!(error instanceof RegistryError)) return undefined;
    if (error.status === 413) return this.#shorten() ? "restart" : undefined;
    const isPlace = error.status === 404 || error.status === 416 || error instanceof Redirected;
    const isContent = error.status === 400 || error.code === "REGISTRY_DIGEST";
    if (!isPlace && !isContent) return undefined;
    this.#restarts += 1;
    if (this.#restarts > MOST_RESTARTS) return undefined;
    const asking = error.status === 416 ? this.#restarts === 1 : error instanceof Redirected;
    return asking ? "ask" : "restart";
  }

  /** Makes requests shorter. @returns false when they are as short as they can be */
  #shorten(): boolean {
    if (this.#inPieces) {
      if (this.#pieceSize <= this.#leastPiece) return false;
      this.#pieceSize = Math.max(this.#leastPiece, this.#pieceSize >> 2);
    }
    this.#inPieces = true;
    return true;
  }

  async #open(): Promise<Place> {
    const answer = await this.#repository.client.request({
      method: "POST",
      at: this.#repository.at("blobs/uploads/"),
      access: this.#access,
      headers: { "content-length": "0" },
      expect: [202],
    });
    const least = Number(answer.headers["oci-chunk-min-length"]);
    if (Number.isSafeInteger(least) && least > 0) {
      this.#leastPiece = Math.max(SMALLEST_PIECE, least);
      this.#pieceSize = Math.max(this.#pieceSize, least);
    }
    return { location: locationOf(answer), offset: 0 };
  }

  /** Where the upload stands; undefined when the registry does not know it any more. */
  async #ask(place: Place): Promise<Place | undefined> {
    try {
      const answer = await this.#repository.client.request({
        method: "GET",
        at: place.location,
        access: this.#access,
        expect: [204],
      });
      const location = locationOf(answer, place.location);
      return { location, offset: offsetAfter(answer.headers.range) };
    } catch (error) {
      if (error instanceof RegistryError && error.status !== undefined) return undefined;
      throw error;
    }
  }

  /** Sends what the registry lacks, and moves the place on as it confirms. */
  async #send(place: Place): Promise<BlobIdentity> {
    const begun = this.#begun;
    this.#begun = undefined;
    try {
      return await this.#sendFrom(begun?.whole ?? this.#source.open(), place);
    } finally {
      // What it holds may be all that the next try could have.
      await begun?.end();
    }
  }

  async #sendFrom(bytes: AsyncIterable<Uint8Array>, place: Place): Promise<BlobIdentity> {
    const measured = new MeasuredBytes(bytes, place.offset);
    if (this.#inPieces) {
      for await (const piece of inPieces(measured.bytes(), this.#pieceSize)) {
        await this.#sendPiece(place, piece);
      }
    } else if (this.#source.known === undefined) {
      await this.#sendStream(place, measured);
    } else {
      return this.#sendWhole(place, measured, this.#source.known);
    }
    const identity = ended(measured, place.location);
    this.#identity = identity;
    if (place.offset !== identity.size) {
      throw lengths(place.location, place.offset, identity.size);
    }
    await this.#commit(place, identity.digest, {});
    return identity;
  }

  async #sendStream(place: Place, measured: MeasuredBytes): Promise<void> {
    const answer = await this.#patch(place, {}, this.#counted(measured.bytes()));
    const { size } = ended(measured, place.location);
    place.offset = answer.headers.range === undefined ? size : offsetAfter(answer.headers.range);
  }

  async #sendPiece(place: Place, piece: Uint8Array): Promise<void> {
    const end = place.offset + piece.length;
    const headers = {
      "content-length": String(piece.length),
      "content-range": `${place.offset}-${end - 1}`,
    };
    const answer = await this.#patch(place, headers, piece);
    this.#onSent(piece.length);
    place.offset = answer.headers.range === undefined ? end : offsetAfter(answer.headers.range);
    if (place.offset !== end) throw lengths(place.location, place.offset, end);
  }

  async #patch(
    place: Place,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<RegistryAnswer> {
    const answer = await this.#repository.client.once({
      method: "PATCH",
      at: place.location,
      access: this.#access,
      headers: { "content-type": "application/octet-stream", ...headers },
      body,
      expect: [202, 204],
    });
    place.location = locationOf(answer, place.location);
    return answer;
  }

  /** A blob of known digest in one PUT. */
  async #sendWhole(
    place: Place,
    measured: MeasuredBytes,
    known: BlobIdentity,
  ): Promise<BlobIdentity> {
    const headers = { "content-length": String(known.size) };
    await this.#commit(place, known.digest, headers, this.#counted(measured.bytes()));
    const made = ended(measured, place.location);
    if (made.digest !== known.digest) throw lengths(place.location, made.size, known.size);
    return known;
  }

  async #commit(
    place: Place,
    digest: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | AsyncIterable<Uint8Array> = new Uint8Array(0),
  ): Promise<void> {
    const at = withDigest(place.location, digest);
    const answer = await this.#repository.client.once({
      method: "PUT",
      at,
      access: this.#access,
      headers: { "content-type": "application/octet-stream", "content-length": "0", ...headers },
      body,
      expect: [201, 202, 204],
    });
    const kept = answer.headers["docker-content-digest"];
    if (typeof kept === "string" && kept !== "" && kept !== digest) {
      throw damaged(at, `it has kept another blob, of digest ${kept}`);
    }
    if (answer.status !== 201 && !(await this.#repository.hasBlob(digest))) {
      throw damaged(at, "it does not have the blob that it took");
    }
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      yield chunk;
      this.#onSent(chunk.length);
    }
  }
}

/** What was made, or an error when the registry answered before it had all. */
function ended(measured: MeasuredBytes, location: URL): BlobIdentity {
  if (measured.identity !== undefined) return measured.identity;
  throw new RegistryError(
    "REGISTRY_PROTOCOL",
    `PATCH ${shownUrl(location)}: it answered before it had everything`,
    { temporary: true },
  );
}

function lengths(location: URL, has: number, sent: number): RegistryError {
  return damaged(location, `it has ${has} bytes where ${sent} were sent`, 416);
}

function damaged(location: URL, why: string, status = 400): RegistryError {
  return new RegistryError("REGISTRY_DIGEST", `PATCH ${shownUrl(location)}: ${why}`, {
    status,
    temporary: false,
    hint: "something between here and the registry changes what is sent",
  });
}

/** Each answer's location replaces the one before; it may be relative, and have a query. */
function locationOf(answer: RegistryAnswer, before?: URL): URL {
  const { location } = answer.headers;
  const url = location === undefined ? before : URL.parse(location, answer.url.href);
  if (url !== null && url !== undefined) return url;
  throw new RegistryError(
    "REGISTRY_PROTOCOL",
    `POST ${shownUrl(answer.url)}: the answer does not say where to upload to`,
    { temporary: false },
  );
}

/** The rest of a query stays as it was written: it may be signed. */
function withDigest(location: URL, digest: string): URL {
  const at = new URL(location);
  const parameter = `digest=${encodeURIComponent(digest)}`;
  at.search = at.search === "" ? `?${parameter}` : `${at.search}&${parameter}`;
  return at;
}

/** `0-99` → 100. Registries write `0-0` for nothing as well as for one byte: it counts as none. */
function offsetAfter(range: string | string[] | undefined): number {
  const match = /^(?:bytes=)?0-(\d+)$/.exec(String(range ?? ""));
  const last = match === null ? 0 : Number(match[1]);
  return last === 0 ? 0 : last + 1;
}
