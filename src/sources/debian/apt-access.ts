import * as fs from "node:fs";
import path from "node:path";

/** How this machine's apt reaches mirrors: through which proxies, with which credentials. */
export interface AptAccess {
  /** `http_proxy`, `https_proxy`, `no_proxy`, as environment variables have them. */
  readonly env: NodeJS.ProcessEnv;
  /** `login:password` for a URL, from apt's auth.conf (apt_auth.conf(5)). */
  credential(url: URL): string | undefined;
}

/** A line of auth.conf. */
interface Machine {
  readonly name: string;
  readonly login: string;
  readonly password: string;
}

/**
 * Reads apt's proxies (apt-transport-http(1)) and credentials; the environment's proxies count
 * where apt has none. What cannot be read is as if it were not there.
 *
 * @param root the file system's root
 */
export function readAptAccess(root = "/", env: NodeJS.ProcessEnv = process.env): AptAccess {
  const folder = path.join(root, "etc/apt");
  const configuration = ["apt.conf", ...namesIn(folder, "apt.conf.d")]
    .map((name) => readIfAny(path.join(folder, name)))
    .join("\n");
  const machines = ["auth.conf", ...namesIn(folder, "auth.conf.d")].flatMap((name) =>
    machinesOf(readIfAny(path.join(folder, name))),
  );
  return {
    env: proxiesOf(configuration, env),
    credential: (url) => {
      const machine = machines.find(({ name }) => isMeant(name, url));
      return machine === undefined ? undefined : `${machine.login}:${machine.password}`;
    },
  };
}

function proxiesOf(configuration: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {};
  const proxyOf = (scheme: string): string | undefined =>
    settingOf(configuration, scheme) ??
    env[`${scheme}_proxy`] ??
    env[`${scheme.toUpperCase()}_PROXY`];
  for (const [scheme, proxy] of [
    ["http", proxyOf("http")],
    ["https", proxyOf("https") ?? settingOf(configuration, "http")],
  ] as const) {
    if (proxy !== undefined && proxy !== "" && proxy !== "DIRECT") {
      variables[`${scheme}_proxy`] = proxy;
    }
  }
  const except = env["no_proxy"] ?? env["NO_PROXY"];
  if (except !== undefined) variables["no_proxy"] = except;
  return variables;
}

/** `Acquire::http::Proxy "…";`, and the same with braces; the last one counts (apt.conf(5)). */
function settingOf(configuration: string, scheme: string): string | undefined {
  const text = configuration.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*(?:\/\/|#).*$/gm, "");
  const plain = new RegExp(`Acquire::${scheme}::Proxy\\s+"([^"]*)"\\s*;`, "gi");
  const nested = new RegExp(
    `Acquire(?:::|\\s*\\{[^}]*?)${scheme}\\s*\\{[^}]*?\\bProxy\\s+"([^"]*)"\\s*;`,
    "gi",
  );
  const found = [...text.matchAll(nested), ...text.matchAll(plain)];
  return found.at(-1)?.[1];
}

function machinesOf(text: string): Machine[] {
  const words = text
    .replace(/^\s*#.*$/gm, "")
    .split(/\s+/)
    .filter((word) => word !== "");
  const machines: Machine[] = [];
  for (const [at, word] of words.entries()) {
    if (word !== "machine") continue;
    const rest = words.slice(at, at + 6);
    const valueOf = (key: string): string | undefined => {
      const place = rest.indexOf(key);
      return place === -1 ? undefined : rest[place + 1];
    };
    const name = valueOf("machine");
    const login = valueOf("login");
    if (name !== undefined && login !== undefined) {
      machines.push({ name, login, password: valueOf("password") ?? "" });
    }
  }
  return machines;
}

/** Credentials go over TLS only, unless the machine is written with its scheme. */
function isMeant(name: string, url: URL): boolean {
  const hasScheme = /^[a-z]+:\/\//.test(name);
  if (!hasScheme && url.protocol !== "https:") return false;
  const wanted = hasScheme ? name : `${url.protocol}//${name}`;
  const whole = `${url.protocol}//${url.host}${url.pathname}`;
  return whole === wanted || whole.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}

function namesIn(folder: string, below: string): string[] {
  try {
    const names = fs.readdirSync(path.join(folder, below));
    return names.toSorted().map((name) => path.join(below, name));
  } catch {
    return [];
  }
}

function readIfAny(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
