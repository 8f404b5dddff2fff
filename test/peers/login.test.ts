import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeAuthority } from "../engine/support/pki.ts";
import { runVarve, VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  registryMissing,
  startDockerRegistry,
  startTokenServer,
} from "./support/docker-registry.ts";
import type { DockerRegistry, DockerRegistryOptions } from "./support/docker-registry.ts";
import { ended, startVarveToEnd } from "./support/start-to-end.ts";

const SECRET = "pass word:1";

async function registryWith(options: DockerRegistryOptions): Promise<DockerRegistry> {
  const registry = await startDockerRegistry(options);
  onTestFinished(() => registry.stop());
  return registry;
}

/** A home without any credential. */
function homeOf(folder: string): NodeJS.ProcessEnv {
  return {
    HOME: folder,
    DOCKER_CONFIG: "",
    REGISTRY_AUTH_FILE: "",
    XDG_RUNTIME_DIR: "",
    XDG_CONFIG_HOME: "",
  };
}

describe.skipIf(registryMissing() !== undefined)("varve login", () => {
  it("lets skopeo and podman in without further ado, and varve logout shuts them out", async () => {
    const { host } = await registryWith({ users: { user: SECRET } });
    const folder = temporaryFolder();
    const env = homeOf(folder);
    const tags = (): string =>
      spawnSync("skopeo", ["list-tags", "--tls-verify=false", `docker://${host}/none`], {
        env: { ...process.env, ...env },
        encoding: "utf8",
      }).stderr;
    expect(tags()).toMatch(/unauthorized|authentication required/i);
    const args = ["login", host, "-u", "user", "--password-stdin"];
    const { status, stdout, stderr } = runVarve(args, { env, input: `${SECRET}\r\n` });
    expect(stderr).toBe(`varve: it is kept, unencrypted, in ${folder}/.docker/config.json\n`);
    expect(stdout.toString("utf8")).toBe(`Logged in to ${host} as user\n`);
    expect(status).toBe(0);
    expect(tags()).toMatch(/404 \(Not Found\)/);
    const podman = spawnSync("podman", ["login", "--get-login", host], {
      env: { ...process.env, ...env },
      encoding: "utf8",
    });
    expect(podman.stdout).toBe("user\n");
    expect(runVarve(["logout", host], { env }).stdout.toString("utf8")).toBe(
      `Logged out of ${host}\n`,
    );
    expect(tags()).toMatch(/unauthorized|authentication required/i);
    expect(runVarve(["logout", host], { env }).stdout.toString("utf8")).toMatch(/Not logged in/);
  });

  it("keeps nothing that the registry does not accept, and says no password", async () => {
    const { host } = await registryWith({ users: { user: SECRET } });
    const folder = temporaryFolder();
    const args = ["login", host, "-u", "user", "-p", "wr0ng secret", "--debug"];
    const { status, stdout, stderr } = runVarve(args, { env: homeOf(folder) });
    expect(stderr).toContain("does not accept this user and password");
    expect(stderr).toContain("others on this machine can see --password");
    expect(stderr).not.toContain("wr0ng");
    expect({ status, stdout: stdout.length }).toEqual({ status: 1, stdout: 0 });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it("reads what podman login has written into the same file", async () => {
    const { host } = await registryWith({ users: { user: SECRET } });
    const folder = temporaryFolder();
    const file = path.join(folder, "auth.json");
    const login = ["login", "--tls-verify=false", `--authfile=${file}`, "-u", "user"];
    execFileSync("podman", [...login, "--password-stdin", host], { input: SECRET });
    const before = fs.readFileSync(file, "utf8");
    const env = { ...homeOf(folder), REGISTRY_AUTH_FILE: file };
    runVarve(["logout", "other.example"], { env });
    expect(fs.readFileSync(file, "utf8")).toBe(before);
    const input = SECRET;
    runVarve(["login", host, "-u", "user", "--password-stdin"], { env, input });
    expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual(JSON.parse(before));
  });

  it("keeps an identity token instead of the password, and uses it", async () => {
    const place = temporaryFolder();
    await makeAuthority(place);
    const basic = `Basic ${Buffer.from(`user:${SECRET}`).toString("base64")}`;
    const tokens = await startTokenServer({
      key: path.join(place, "ca-key.pem"),
      certificate: path.join(place, "ca.pem"),
      life: 60,
      identityToken: "identity-token",
      isAllowed: ({ authorization, refresh_token: refresh }) =>
        authorization === basic || refresh === "identity-token",
    });
    onTestFinished(() => {
      tokens.stop();
    });
    const { host } = await registryWith({ tokens });
    const env = { ...homeOf(place), DOCKER_CONFIG: place };
    const login = ["login", `http://${host}/`, "-u", "user", "-p", SECRET];
    const finished = await startVarveToEnd(login, { env });
    expect(finished.stdout).toBe(`Logged in to ${host} as user\n`);
    const text = fs.readFileSync(path.join(place, "config.json"), "utf8");
    expect(JSON.parse(text)).toEqual({
      auths: { [host]: { auth: "dXNlcjo=", identitytoken: "identity-token" } },
    });
    const inspect = ["inspect", "--tls-verify=false", `docker://${host}/none`];
    const { stderr } = await ended("skopeo", inspect, { ...process.env, ...env });
    expect(stderr).toMatch(/manifest unknown/);
    expect(tokens.asked.at(-1)).toMatchObject({ refresh_token: "identity-token" });
    const again = await startVarveToEnd(["login", host, "-u", "user", "-p", "bad"], { env });
    expect(again.status).toBe(1);
    expect(again.stderr).not.toMatch(/\bbad\b/);
  });

  it("asks on a terminal, and shows no password", async () => {
    const { host } = await registryWith({ users: { user: SECRET } });
    const folder = temporaryFolder();
    const program = `
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
def until(text):
    global seen
    while text not in seen:
        seen += os.read(fd, 4096)
until(b"User name: ")
os.write(fd, b"user\\r")
until(b"Password: ")
os.write(fd, b"${SECRET}\\r")
try:
    while True:
        part = os.read(fd, 4096)
        if not part: break
        seen += part
except OSError:
    pass
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
    const args = ["-c", program, process.execPath, VARVE, "login", host];
    const env = { ...process.env, ...homeOf(folder) };
    const { stdout, status } = spawnSync("python3", args, { env, encoding: "utf8" });
    expect(stdout).toContain(`Logged in to ${host} as user`);
    expect(stdout).not.toContain(SECRET);
    expect(status).toBe(0);
  });

  it.each([
    [["-p", "x", "--password-stdin"], /both give a password/],
    [["--password-stdin"], /needs a user name/],
    [["-u", "me"], /no terminal to ask on/],
    [["-u", "me:secret", "-p", "x"], /has no colon/],
  ])("%j is wrong usage", (args, message) => {
    const env = homeOf(temporaryFolder());
    const { status, stderr } = runVarve(["login", "127.0.0.1:1", ...args], { env, input: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("secret");
    expect(status).toBe(2);
  });
});
