import type { ComponentInput } from "../../closure/closure.ts";
import { VarveError } from "../../errors.ts";
import { sriOf } from "./hash.ts";

/**
 * Reads records as `nix-store --dump-db` writes them and `closureInfo` keeps them in its file
 * `registration`: path, hash, size, deriver, number of references, references. Records without
 * hash and size, as `nix-store --register-validity` and the older text form of
 * `exportReferencesGraph` have them, are understood as well
 * (reference: nix-store-and-binary-cache, section 3).
 *
 * @throws VarveError `GRAPH_INVALID`, with the line
 */
export function parseRegistration(text: string, where: string): ComponentInput[] {
  const lines = text.split("\n");
  const hasHashes = lines[1] !== undefined && /^(?:sha256:)?[0-9a-z]{52,64}$/.test(lines[1]);
  const components: ComponentInput[] = [];
  let at = 0;
  const next = (): string => {
    const line = lines[at];
    if (line === undefined || (at === lines.length - 1 && line === "")) {
      throw new VarveError("GRAPH_INVALID", `${where} ends in the middle of a record`, {
        hint: "the file is not complete; make it again",
      });
    }
    at += 1;
    return line;
  };
  while (at < lines.length && !(at === lines.length - 1 && lines[at] === "")) {
    const id = next();
    if (!id.startsWith("/")) {
      throw new VarveError("GRAPH_INVALID", `${where}, line ${at}: "${id}" is not a store path`);
    }
    const contentHash = hasHashes ? sriOf(next()) : undefined;
    const size = hasHashes ? wholeNumber(next(), where, at) : 0;
    next();
    const count = wholeNumber(next(), where, at);
    const references = Array.from({ length: count }, next);
    components.push({ id, references, size, contentHash });
  }
  return components;
}

function wholeNumber(text: string, where: string, line: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new VarveError("GRAPH_INVALID", `${where}, line ${line}: "${text}" is not a number`);
}
