import * as v from "valibot";

const strings = v.array(v.string());
/** `{"8000/tcp": {}}`: a set, written as an object (OCI image-spec, config.md). */
const set = v.record(v.string(), v.unknown());

/** The part of an image config that says how it runs (OCI image-spec, config.md, `config`). */
export const runtimeConfigSchema = v.strictObject({
  User: v.optional(v.string()),
  ExposedPorts: v.optional(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^\d{1,5}(?:\/(?:tcp|udp|sctp))?$/, 'Expected a port such as "8000/tcp"'),
      ),
      v.unknown(),
    ),
  ),
  Env: v.optional(v.array(v.pipe(v.string(), v.regex(/^[^=]+=/, "Expected NAME=VALUE")))),
  Entrypoint: v.optional(v.nullable(strings)),
  Cmd: v.optional(v.nullable(strings)),
  Volumes: v.optional(set),
  WorkingDir: v.optional(v.string()),
  Labels: v.optional(v.record(v.string(), v.string())),
  StopSignal: v.optional(v.string()),
  Healthcheck: v.optional(v.record(v.string(), v.unknown())),
  OnBuild: v.optional(v.nullable(strings)),
  Shell: v.optional(v.nullable(strings)),
  StopTimeout: v.optional(v.number()),
  ArgsEscaped: v.optional(v.boolean()),
});

export type RuntimeConfigInput = v.InferOutput<typeof runtimeConfigSchema>;
