import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { usualCredentials } from "../../../src/registry/credentials/find-credential.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function auth(user: string): { auth: string } {
  return { auth: Buffer.from(`${user}:pass:word`).toString("base64") };
}

/** A credential program that tells the host it was asked for as the secret. */
function program(user: string): string {
  return `#!/bin/sh\nread -r host\necho "{\\"Username\\":\\"${user}\\",\\"Secret\\":\\"$host\\"}"\n`;
}

/** Who one is in a repository, by files at places under a home folder. */
async function userOf(
  files: Readonly<Record<string, unknown>>,
  registry: string,
  repository: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const home = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(home, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const text = typeof content === "string" ? content : JSON.stringify(content);
    fs.writeFileSync(file, text, { mode: 0o755 });
  }
  const placed = Object.entries(env).map(([key, value]) => [key, value.replace("~", home)]);
  const find = usualCredentials({
    HOME: home,
    PATH: `${home}/bin:/bin`,
    ...Object.fromEntries(placed),
  });
  const found = await find(registry, repository);
  if (found === undefined) return undefined;
  return "username" in found ? `${found.username} ${found.password}` : found.identityToken;
}

describe("credentials", () => {
  const config = { auths: { "host:5000": auth("a"), host: auth("b"), "host/team": auth("c") } };

  it.each([
    ["host:5000", "team/app", "a pass:word"],
    ["host", "other/app", "b pass:word"],
    ["host", "team/app", "c pass:word"],
    ["host", "teams/app", "b pass:word"],
    ["sub.host", "team/app", undefined],
    ["hos", "team/app", undefined],
  ])("of %s/%s", async (registry, repository, user) => {
    expect(await userOf({ ".docker/config.json": config }, registry, repository)).toBe(user);
  });

  it("of Docker Hub are under its old URL, or its name", async () => {
    for (const key of ["https://index.docker.io/v1/", "docker.io"]) {
      const files = { ".docker/config.json": { auths: { [key]: auth("hub") } } };
      expect(await userOf(files, "docker.io", "u/app")).toBe("hub pass:word");
    }
  });

  it("are looked for in REGISTRY_AUTH_FILE, then Docker's, then podman's file", async () => {
    const files = {
      own: { auths: { host: auth("own") } },
      "docker/config.json": { auths: { host: auth("docker") } },
      "run/containers/auth.json": { auths: { host: auth("podman") } },
    };
    const env = {
      REGISTRY_AUTH_FILE: "~/own",
      DOCKER_CONFIG: "~/docker",
      XDG_RUNTIME_DIR: "~/run",
    };
    expect(await userOf(files, "host", "app", env)).toBe("own pass:word");
    expect(await userOf(files, "host", "app", { ...env, REGISTRY_AUTH_FILE: "" })).toBe(
      "docker pass:word",
    );
    expect(await userOf(files, "host", "app", { XDG_RUNTIME_DIR: "~/run" })).toBe(
      "podman pass:word",
    );
  });

  it("come from a registry's own program before the program for all", async () => {
    const files = {
      "bin/docker-credential-one": program("one"),
      "bin/docker-credential-all": program("<token>"),
      "bin/docker-credential-none":
        "#!/bin/sh\necho credentials not found in native keychain\nexit 1\n",
      ".docker/config.json": {
        credHelpers: { host: "one", nothing: "none" },
        credsStore: "all",
        auths: { nothing: auth("file") },
      },
    };
    expect(await userOf(files, "host", "app")).toBe("one host");
    expect(await userOf(files, "other", "app")).toBe("other");
    expect(await userOf(files, "nothing", "app")).toBe("file pass:word");
  });

  it("are never part of an error", async () => {
    const broken = userOf(
      { ".docker/config.json": '{"auths": {"host": "c2VjcmV0"' },
      "host",
      "app",
    );
    await expect(broken).rejects.toThrow(/config\.json is no file of credentials: it is not JSON$/);
    const missing = userOf({ ".docker/config.json": { credsStore: "absent" } }, "host", "app");
    await expect(missing).rejects.toThrow(
      /docker-credential-absent gives no credential: it is not/,
    );
  });
});
