import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Published {
  readonly version: string;
  readonly tarball: Buffer;
  /** What the registry says of it, true or not. */
  readonly integrity: string;
}

/** A registry of npm packages on this machine, for one test. */
export interface TestNpmRegistry {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: string[];
}

/** @param token that it wants to see */
export async function startNpmRegistry(
  packages: Readonly<Record<string, Published>>,
  token?: string,
): Promise<TestNpmRegistry> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const place = decodeURIComponent(request.url ?? "/").slice(1);
    asked.push(place);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end("{}");
      return;
    }
    const [name = "", file] = place.split("/-/");
    const found = packages[name];
    if (found === undefined) response.writeHead(404).end('{"error": "not found"}');
    else if (file !== undefined) response.end(found.tarball);
    else response.setHeader("content-type", "application/json").end(packument(name, found));
  });
  const packument = (name: string, { version, integrity }: Published): string => {
    const tarball = `${url}${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
    const versions = { [version]: { name, version, dist: { tarball, integrity } } };
    return JSON.stringify({ name, "dist-tags": { latest: version }, versions });
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, asked };
}
