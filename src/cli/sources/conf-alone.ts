import { UsageError } from "../../errors.ts";
import type { ImageFlags } from "../flags.ts";

/**
 * The conf that `--conf` names, if it does.
 *
 * @throws UsageError where something else says what is in the image, too
 */
export function confAlone(
  { conf, graph }: ImageFlags,
  sources: readonly string[],
): { readonly kind: "conf"; readonly file: string } | undefined {
  if (conf === undefined) return undefined;
  const other = graph === undefined ? sources[0] : "--graph";
  if (other === undefined) return { kind: "conf", file: conf };
  throw new UsageError(`--conf and ${other} both say what is in the image`, {
    hint: "give one of them",
  });
}
