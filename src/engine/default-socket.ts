import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { VarveError } from "../errors.ts";

/**
 * The places where an engine of this machine listens: Docker, rootless Docker, Docker Desktop,
 * podman of the user, podman of root (reference: daemons-and-archives, section 11).
 */
export function defaultSockets(env: NodeJS.ProcessEnv): string[] {
  const runtime = env["XDG_RUNTIME_DIR"] || `/run/user/${process.getuid?.() ?? 0}`;
  const home = env["HOME"];
  return [
    "/var/run/docker.sock",
    join(runtime, "docker.sock"),
    ...(home === undefined || home === "" ? [] : [join(home, ".docker/run/docker.sock")]),
    join(runtime, "podman/podman.sock"),
    "/run/podman/podman.sock",
  ];
}

/**
 * The first of the sockets that exists and may be opened; if none may be, the first that exists,
 * so that the error about permissions names it.
 *
 * @throws VarveError `ENGINE_UNREACHABLE` if none exists
 */
export async function findSocket(candidates: readonly string[]): Promise<string> {
  const sockets: string[] = [];
  for (const candidate of candidates) {
    if (await isSocket(candidate)) sockets.push(candidate);
  }
  for (const socket of sockets) {
    if (await mayOpen(socket)) return socket;
  }
  const [first] = sockets;
  if (first !== undefined) return first;
  throw new VarveError(
    "ENGINE_UNREACHABLE",
    `found no Docker engine: there is no socket at ${candidates.join(", ")}`,
    {
      hint: "start Docker (sudo systemctl start docker), or say where it is with --host or DOCKER_HOST",
    },
  );
}

function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isSocket(),
    () => false,
  );
}

function mayOpen(socket: string): Promise<boolean> {
  return access(socket, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
