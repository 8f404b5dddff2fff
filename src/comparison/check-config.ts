import * as v from "valibot";
import { issueText } from "./check-manifest.ts";
import type { Finding } from "./finding.ts";

const names = v.nullish(v.record(v.string(), v.unknown()));
const strings = v.nullish(v.array(v.string()));

/** OCI image-spec, config.md, "Properties". */
const configSchema = v.looseObject({
  created: v.nullish(
    v.pipe(
      v.string(),
      v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/, "is not a date"),
    ),
  ),
  architecture: v.string(),
  os: v.string(),
  config: v.nullish(
    v.looseObject({
      Env: v.nullish(v.array(v.pipe(v.string(), v.regex(/=/, "is not NAME=VALUE")))),
      Cmd: strings,
      Entrypoint: strings,
      ExposedPorts: names,
      Volumes: names,
      Labels: v.nullish(v.record(v.string(), v.string())),
      User: v.nullish(v.string()),
      WorkingDir: v.nullish(v.string()),
      StopSignal: v.nullish(v.string()),
    }),
  ),
  rootfs: v.looseObject({
    type: v.literal("layers"),
    diff_ids: v.nullable(
      v.array(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, "is not a digest"))),
    ),
  }),
  history: v.nullish(v.array(v.looseObject({ empty_layer: v.nullish(v.boolean()) }))),
});

/**
 * Checks an image's config by the OCI image-spec.
 *
 * @param layers how many layers the image has
 * @returns the diffIDs that it lists; undefined when they cannot be told
 */
export function checkConfig(
  bytes: Buffer,
  layers: number,
  findings: Finding[],
  place = "config",
): readonly string[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    findings.push({ place, problem: "is not JSON" });
    return undefined;
  }
  const result = v.safeParse(configSchema, json);
  if (!result.success) {
    for (const issue of result.issues) findings.push({ place, problem: issueText(issue) });
    return undefined;
  }
  const { rootfs, history } = result.output;
  const diffIds = rootfs.diff_ids ?? [];
  if (diffIds.length !== layers) {
    findings.push({
      place,
      problem: `lists ${diffIds.length} layers, but the image has ${layers}`,
    });
    return undefined;
  }
  const told = (history ?? []).filter(({ empty_layer: empty }) => empty !== true).length;
  if (told > 0 && told !== layers) {
    const problem = `its history tells of ${told} layers, but the image has ${layers}`;
    findings.push({ place, problem });
  }
  return diffIds;
}
