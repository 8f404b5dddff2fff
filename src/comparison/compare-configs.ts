import type { FieldDifference } from "./entry-fields.ts";

type Json = Readonly<Record<string, unknown>>;

/** Named by layers, and compared with them. */
const OF_LAYERS = new Set(["rootfs", "history"]);

/**
 * What two configs say otherwise, key by key: `config.Cmd`, and by name where a value is a list of
 * names: `config.Env.PATH`, `config.Labels.version`.
 */
export function compareConfigs(a: Json, b: Json): FieldDifference[] {
  const left = flattened(a);
  const right = flattened(b);
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((field) => left.get(field) !== right.get(field))
    .map((field) => ({ field, a: left.get(field), b: right.get(field) }));
}

function flattened(config: Json): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of Object.entries(config)) {
    if (OF_LAYERS.has(key)) continue;
    flatten(key, value, values);
  }
  return values;
}

function flatten(field: string, value: unknown, values: Map<string, string>): void {
  if (value === null || value === undefined) return;
  if (field === "config.Env" && Array.isArray(value)) {
    for (const entry of value) {
      const [name, rest] = cut(String(entry));
      values.set(`${field}.${name}`, rest);
    }
  } else if (typeof value === "object" && !Array.isArray(value)) {
    const members = Object.entries(value);
    // An empty set says that something is there: a port, a volume.
    if (members.length === 0 && field !== "config") values.set(field, "{}");
    for (const [name, member] of members) flatten(`${field}.${name}`, member, values);
  } else {
    values.set(field, typeof value === "string" ? value : JSON.stringify(value));
  }
}

function cut(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}
