import { splitDescriptor } from "./yarn-classic.ts";

/** One of a project's `resolutions` (Yarn's documentation, "Manifest"). */
export interface YarnResolution {
  /** Whose dependency it is about: `name` or `name@version`; undefined for everybody's. */
  readonly of: { readonly name: string; readonly range: string } | undefined;
  readonly name: string;
  /** The range that is replaced; empty for every one. */
  readonly range: string;
  readonly to: string;
}

/** `ms`, `ms@npm:^2.0.0`, `debug/ms`, `debug@npm:4.4.3/ms`; `**` before a name means everybody. */
export function readResolutions(written: Readonly<Record<string, string>>): YarnResolution[] {
  return Object.entries(written).flatMap(([pattern, to]) => {
    const match =
      /^(?:\*\*\/)?(?:((?:@[^/@]+\/)?[^/@]+(?:@[^/]+)?)\/)?((?:@[^/@]+\/)?[^/@]+(?:@.+)?)$/.exec(
        pattern,
      );
    if (match === null) return [];
    const of = match[1] === undefined ? undefined : splitDescriptor(match[1]);
    return [{ of, ...splitDescriptor(match[2]!), to }];
  });
}

/** @param who depends on it, as `name@version` */
export function applies(
  { of, name, range }: YarnResolution,
  who: string,
  wanted: string,
  asked: string,
): boolean {
  if (name !== wanted) return false;
  if (range !== "" && bare(range) !== bare(asked)) return false;
  if (of === undefined) return true;
  const asking = splitDescriptor(who);
  return of.name === asking.name && (of.range === "" || bare(of.range) === bare(asking.range));
}

/** Registries' protocol goes without saying. */
function bare(range: string): string {
  return range.startsWith("npm:") ? range.slice("npm:".length) : range;
}
