import { isIP } from "node:net";

/** Where a Redis server is and how to introduce ourselves. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: boolean;
  /** The same as a URL without the credentials, for people and logs. */
  readonly display: string;
}

/**
 * Reads `redis[s]://[[user]:password@]host[:port][/db]`. A problem is answered as the end of a
 * sentence that begins with the variable's name, and never repeats the URL, which may hold a password.
 */
export function parseRedisUrl(text: string): RedisAddress | { readonly problem: string } {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "redis:" && url.protocol !== "rediss:")) {
    return { problem: "must be a URL such as redis://host:6379/0 or rediss://user:password@host" };
  }
  if (url.hostname === "") return { problem: "names no host" };
  if (url.search !== "" || url.hash !== "") {
    return { problem: 'must not have a part after "?" or "#" (escape these in a password)' };
  }
  const database = /^\/?(\d{0,5})$/.exec(url.pathname)?.[1];
  if (database === undefined) return { problem: "must end in a database number, if in anything" };

  let username: string;
  let password: string;
  try {
    username = decodeURIComponent(url.username);
    password = decodeURIComponent(url.password);
  } catch {
    return { problem: 'has a user or password with a "%" that is not escaped (write %25)' };
  }
  if (username !== "" && password === "") return { problem: "names a user but no password" };

  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? 6379 : Number(url.port);
  const db = Number(database);
  return {
    host,
    port,
    db,
    username: username || null,
    password: password || null,
    tls: url.protocol === "rediss:",
    display: `${url.protocol}//${isIP(host) === 6 ? `[${host}]` : host}:${port}/${db}`,
  };
}
