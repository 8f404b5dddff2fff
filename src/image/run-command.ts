import type { RuntimeConfig } from "./image.ts";

/**
 * How to run an image, from its own config: every exposed port is published under its number.
 *
 * @param client the program and its options that reach the engine: `docker`, `docker -H …`
 */
export function runCommand(client: string, name: string, runtime: RuntimeConfig): string {
  const ports = Object.keys(runtime.ExposedPorts ?? {}).map((port) => {
    const [number, protocol = "tcp"] = port.split("/");
    return `-p ${number}:${number}${protocol === "tcp" ? "" : `/${protocol}`}`;
  });
  return [client, "run", "--rm", ...ports, name].join(" ");
}
