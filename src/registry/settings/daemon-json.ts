import * as net from "node:net";
import * as v from "valibot";
import { messageOf } from "../../errors.ts";
import { settingError } from "./setting.ts";
import type { MirrorSetting } from "./setting.ts";

/** What Docker's engine is told about registries. */
export interface DaemonSettings {
  /** Mirrors of Docker Hub, in order. */
  readonly mirrors: readonly MirrorSetting[];
  /** Hosts, with their ports, that need no trusted certificate and no TLS. */
  readonly insecureHosts: ReadonlySet<string>;
  /** Networks whose hosts need none. */
  readonly insecureNetworks: net.BlockList;
  readonly hasNetworks: boolean;
}

const daemonSchema = v.object({
  "registry-mirrors": v.optional(v.nullable(v.array(v.string()))),
  "insecure-registries": v.optional(v.nullable(v.array(v.string()))),
});

/**
 * Reads Docker's `daemon.json` (dockerd's documentation, "Daemon configuration file"): mirrors of
 * Docker Hub and registries that are insecure, as hosts or as networks.
 *
 * @throws VarveError `REGISTRY_SETTINGS` that names file and line
 */
export function parseDaemonJson(text: string, file: string): DaemonSettings {
  let content: v.InferOutput<typeof daemonSchema>;
  try {
    content = v.parse(daemonSchema, JSON.parse(text.trim() === "" ? "{}" : text));
  } catch (error) {
    const [issue] = error instanceof v.ValiError ? (error.issues as v.BaseIssue<unknown>[]) : [];
    const key = issue?.path?.[0]?.key;
    const line = typeof key === "string" ? lineWith(text, `"${key}"`) : undefined;
    const what = typeof key === "string" ? `${key}: ` : "no valid JSON: ";
    throw settingError(file, line, `${what}${messageOf(error)}`);
  }
  const insecureHosts = new Set<string>();
  const insecureNetworks = new net.BlockList();
  let hasNetworks = false;
  for (const entry of content["insecure-registries"] ?? []) {
    const [address = "", bits] = entry.replace(/^https?:\/\//, "").split("/", 2);
    const family = net.isIP(address);
    if (bits === undefined || bits === "") insecureHosts.add(address.toLowerCase());
    else if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
      const why = `insecure-registries: "${entry}" is neither a host nor a network`;
      throw settingError(file, lineWith(text, JSON.stringify(entry)), why);
    } else {
      insecureNetworks.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
      hasNetworks = true;
    }
  }
  const mirrors = (content["registry-mirrors"] ?? []).map((entry): MirrorSetting => {
    const url = URL.parse(entry);
    const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/";
    if (!isPlain || `${url.username}${url.search}${url.hash}` !== "") {
      const why = `registry-mirrors: a mirror is given as https://host, without a path`;
      throw settingError(file, lineWith(text, JSON.stringify(entry)), why);
    }
    const plainHttp = url.protocol === "http:";
    return { location: url.host, insecure: false, plainHttp, pull: "all" };
  });
  return { mirrors, insecureHosts, insecureNetworks, hasNetworks };
}

/** Counted from 1. */
function lineWith(text: string, part: string): number | undefined {
  const index = text.split("\n").findIndex((line) => line.includes(part));
  return index === -1 ? undefined : index + 1;
}
