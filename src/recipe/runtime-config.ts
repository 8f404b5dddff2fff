import * as v from "valibot";
import { closedObject } from "./closed-object.ts";

const strings = v.array(v.string());

/** Whether this is a port as configs write it: `8000`, `8000/tcp`, `53/udp`. */
export function isPort(text: string): boolean {
  return /^\d{1,5}(?:\/(?:tcp|udp|sctp))?$/.test(text) && Number.parseInt(text, 10) <= 0xffff;
}

/** A set, written as an object: `{"8000/tcp": {}}` (OCI image-spec, config.md). */
const setOf = (
  what: string,
  isMember: (key: string) => boolean,
): v.GenericSchema<Record<string, unknown>> =>
  v.custom(
    (set) =>
      typeof set === "object" &&
      set !== null &&
      !Array.isArray(set) &&
      Object.keys(set).every(isMember),
    `Expected ${what}`,
  );

/** The part of an image config that says how it runs (OCI image-spec, config.md, `config`). */
export const runtimeConfigSchema = closedObject({
  User: v.optional(v.string()),
  ExposedPorts: v.optional(setOf('ports such as {"8000/tcp": {}}', isPort)),
  Env: v.optional(v.array(v.pipe(v.string(), v.regex(/^[^=]+=/, "Expected NAME=VALUE")))),
  Entrypoint: v.optional(v.nullable(strings)),
  Cmd: v.optional(v.nullable(strings)),
  Volumes: v.optional(setOf('folders such as {"/data": {}}', () => true)),
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
