import { inheritEnvironment } from "./config.ts";
import type { JsonObject, JsonValue } from "./ordered-json.ts";

/**
 * What an image takes over from its base, as `FROM` of a Dockerfile does. `OnBuild` is not: it is
 * meant for builds by Dockerfile. Nor are the keys that old engines kept of a container.
 */
const INHERITED = [
  "User",
  "ExposedPorts",
  "Env",
  "Entrypoint",
  "Cmd",
  "Volumes",
  "WorkingDir",
  "Labels",
  "StopSignal",
  "StopTimeout",
  "Healthcheck",
  "Shell",
  "ArgsEscaped",
];
/** Sets and maps, of which one's own members are added to the base's. */
const UNITED: ReadonlySet<string> = new Set(["ExposedPorts", "Volumes", "Labels"]);

/**
 * How an image runs that lies on a base: what it says itself wins. `Env` and `Labels` go by key,
 * ports and volumes are united, and an own `Entrypoint` takes the base's `Cmd` away, which was made
 * for another program. An empty `Entrypoint` or `Cmd` stands for none.
 */
export function inheritRuntime(base: JsonObject, own: JsonObject): JsonObject {
  const result: JsonObject = new Map();
  for (const key of INHERITED) {
    const value = base.get(key);
    if (value === undefined || isNothing(value)) continue;
    if (key === "Cmd" && own.has("Entrypoint")) continue;
    result.set(key, value);
  }
  for (const [key, value] of own) {
    const below = result.get(key);
    const isUnited = UNITED.has(key) && below instanceof Map && value instanceof Map;
    result.set(key, isUnited ? new Map([...below, ...value]) : value);
  }
  for (const key of ["Entrypoint", "Cmd"]) {
    const value = result.get(key);
    if (value !== undefined && isNothing(value)) result.delete(key);
  }
  const env = inheritEnvironment(base, own).get("Env");
  return env === undefined ? result : new Map([...result, ["Env", env]]);
}

/** Null counts as absent (OCI image-spec, config.md), and engines write what is empty. */
function isNothing(value: JsonValue): boolean {
  if (value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return value instanceof Map && value.size === 0;
}
