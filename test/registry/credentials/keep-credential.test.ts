import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import {
  forgetCredential,
  keepCredential,
} from "../../../src/registry/credentials/keep-credential.ts";
import { usualCredentials } from "../../../src/registry/credentials/find-credential.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const PASSWORD = { username: "me", password: "pass:word" };

function configIn(folder: string, text?: string): string {
  const file = path.join(folder, "config.json");
  if (text !== undefined) fs.writeFileSync(file, text, { mode: 0o644 });
  return file;
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { HOME: folder, DOCKER_CONFIG: folder, PATH: `${folder}:${process.env["PATH"]}` };
}

/** A program that keeps what it is given in a file beside it. */
function program(folder: string, name: string): void {
  const script = `#!/bin/sh
cd ${folder}
case $1 in
  store) cat > kept ;;
  get) read -r url; grep -q "$url" kept 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; }; cat kept ;;
  erase) rm -f kept ;;
esac
`;
  fs.writeFileSync(path.join(folder, `docker-credential-${name}`), script, { mode: 0o755 });
}

describe("keeping a credential", () => {
  it("makes the file, for its owner only, as Docker writes it", async () => {
    const folder = path.join(temporaryFolder(), "new");
    const env = environment(folder);
    await keepCredential("ghcr.io", "me", PASSWORD, env);
    const file = configIn(folder);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(file, "utf8")).toBe(
      '{\n\t"auths": {\n\t\t"ghcr.io": {\n\t\t\t"auth": "bWU6cGFzczp3b3Jk"\n\t\t}\n\t}\n}\n',
    );
    expect(await usualCredentials(env)("ghcr.io", "team/app")).toEqual(PASSWORD);
  });

  it("keeps what else is in the file, in its order, and every number", async () => {
    const folder = temporaryFolder();
    const text =
      '{"z":1.50,"auths":{"b":{"auth":"eDp5"},"2":{},"1":{}},"detachKeys":"ctrl-e","a":[1,{}]}';
    const file = configIn(folder, text);
    await keepCredential("docker.io", "me", PASSWORD, environment(folder));
    const compact = fs.readFileSync(file, "utf8").replaceAll(/\s/g, "");
    expect(compact).toBe(
      '{"z":1.50,"auths":{"b":{"auth":"eDp5"},"2":{},"1":{},"https://index.docker.io/v1/":{"auth":"bWU6cGFzczp3b3Jk"}},"detachKeys":"ctrl-e","a":[1,{}]}',
    );
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(folder)).toEqual(["config.json"]);
  });

  it("keeps an identity token beside the user's name", async () => {
    const folder = temporaryFolder();
    const env = environment(folder);
    await keepCredential("ghcr.io", "me", { identityToken: "t0ken" }, env);
    expect(JSON.parse(fs.readFileSync(configIn(folder), "utf8"))).toEqual({
      auths: { "ghcr.io": { auth: "bWU6", identitytoken: "t0ken" } },
    });
    expect(await usualCredentials(env)("ghcr.io", "")).toEqual({ identityToken: "t0ken" });
  });

  it("follows a link, which stays one", async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "real.json"), "{}");
    fs.symlinkSync("real.json", configIn(folder));
    await keepCredential("ghcr.io", "me", PASSWORD, environment(folder));
    expect(fs.readlinkSync(configIn(folder))).toBe("real.json");
    expect(fs.readFileSync(path.join(folder, "real.json"), "utf8")).toContain("ghcr.io");
  });

  it.each([
    ["credsStore", { credsStore: "test" }],
    ["credHelpers", { credHelpers: { "ghcr.io": "test" }, credsStore: "absent" }],
  ])("gives it to the program of %s", async (_name, config) => {
    const folder = temporaryFolder();
    program(folder, "test");
    const file = configIn(folder, JSON.stringify(config));
    const env = environment(folder);
    await keepCredential("ghcr.io", "me", PASSWORD, env);
    expect(fs.readFileSync(file, "utf8")).not.toContain("bWU6");
    expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual({
      ...config,
      auths: { "ghcr.io": {} },
    });
    expect(await usualCredentials(env)("ghcr.io", "")).toEqual(PASSWORD);
    await keepCredential("ghcr.io", "me", { identityToken: "t0ken" }, env);
    expect(await usualCredentials(env)("ghcr.io", "")).toEqual({ identityToken: "t0ken" });
    await forgetCredential("ghcr.io", env);
    expect(await usualCredentials(env)("ghcr.io", "")).toBeUndefined();
    expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual({ ...config, auths: {} });
  });

  it("says no secret when the program fails", async () => {
    const folder = temporaryFolder();
    configIn(folder, '{"credsStore":"bad"}');
    fs.writeFileSync(path.join(folder, "docker-credential-bad"), "#!/bin/sh\ncat >&2\nexit 1\n", {
      mode: 0o755,
    });
    const failure = await failureOf(keepCredential("ghcr.io", "me", PASSWORD, environment(folder)));
    expect(failure.message).toMatch(/docker-credential-bad does not keep the credential: /);
    expect(failure.message).not.toContain("pass:word");
  });

  it.each([
    ["no JSON", "{", /it is not JSON/],
    ["a list", "[]", /no object|another form/],
    ["auths that are a list", '{"auths":[]}', /auths/],
  ])("leaves a file alone that is %s", async (_what, text, message) => {
    const folder = temporaryFolder();
    const file = configIn(folder, text);
    const failure = await failureOf(keepCredential("ghcr.io", "me", PASSWORD, environment(folder)));
    expect(failure.code).toBe("CREDENTIALS_INVALID");
    expect(failure.message).toMatch(message);
    expect(fs.readFileSync(file, "utf8")).toBe(text);
  });
});

describe("forgetting a credential", () => {
  it("removes the entry and its older spellings, nothing else", async () => {
    const folder = temporaryFolder();
    const auths = { "ghcr.io": {}, "https://ghcr.io/v1/": {}, "ghcr.io/team": {}, other: {} };
    const file = configIn(folder, JSON.stringify({ auths }));
    expect(await forgetCredential("ghcr.io", environment(folder))).toMatchObject({ known: true });
    expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual({
      auths: { "ghcr.io/team": {}, other: {} },
    });
    expect(await forgetCredential("ghcr.io", environment(folder))).toMatchObject({ known: false });
  });

  it("makes no file where there was none", async () => {
    const folder = temporaryFolder();
    expect(await forgetCredential("ghcr.io", environment(folder))).toMatchObject({ known: false });
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});
