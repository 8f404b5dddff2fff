import { Closure } from "../../closure/closure.ts";
import { VarveError } from "../../errors.ts";

/** What Nix knows about the content of a store path. */
export interface NarInfo {
  /** Bytes of the NAR. */
  readonly narSize: number;
  /** Hash of the NAR in SRI form. */
  readonly narHash: string;
}

/** A store path and its references; graphs need not tell about its content. */
export interface PathInfo extends Partial<NarInfo> {
  readonly path: string;
  /** Store paths, possibly this one too. */
  readonly references: readonly string[];
}

/**
 * Paths and their references as a closure: a path's NAR size is its size, its NAR hash its content
 * hash. A size that nobody told counts as 0.
 *
 * @throws VarveError `CLOSURE_DANGLING`, `CLOSURE_DUPLICATE`, `CLOSURE_CYCLE`
 */
export function closureOfInfos(infos: Iterable<PathInfo>): Closure {
  return Closure.of(
    Iterator.from(infos).map(({ path, references, narSize, narHash }) => ({
      id: path,
      references,
      size: narSize ?? 0,
      contentHash: narHash,
    })),
  );
}

/** A path that the store does not have, or has not finished. */
export function invalidStorePath(path: string): VarveError {
  return new VarveError("STORE_PATH_INVALID", `${path} is not valid in the Nix store`, {
    hint:
      "build it (nix build), or fetch it (nix-store --realise PATH); " +
      "if it is in a store elsewhere, give --store-root DIR",
  });
}
