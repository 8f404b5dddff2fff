import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseRemoteReference } from "../../../src/image/reference.ts";
import { parseDaemonJson } from "../../../src/registry/settings/daemon-json.ts";
import { parseRegistriesConf } from "../../../src/registry/settings/registries-conf.ts";
import { RegistrySettings } from "../../../src/registry/settings/registry-settings.ts";
import { errorOf, failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

const CONF = `
unqualified-search-registries = ["quay.io"]
[aliases]
"app" = "elsewhere.example/app"

[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "mirror.example:5000/hub"
insecure = true
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.example"
pull-from-mirror = "tag-only"

[[registry]]
prefix = "docker.io/team"
location = "internal.example/team-of/hub"

[[registry]]
prefix = "*.corp.example"
location = "proxy.example/corp"
insecure = true

[[registry]]
prefix = "bad.example/evil"
blocked = true

[[registry]]
prefix = "only.example"
mirror-by-digest-only = true
[[registry.mirror]]
location = "fast.example"
`;

/** `origin < mirrors`, insecure ones with `!`, plain ones with `~`. */
async function placesOf(settings: RegistrySettings, name: string): Promise<string> {
  const { origin, mirrors } = await settings.placesOf(parseRemoteReference(name));
  return [origin, ...mirrors]
    .map((place) => {
      const marks = `${place.insecure ? "!" : ""}${place.plainHttp ? "~" : ""}`;
      return `${marks}${place.registry}/${place.path}`;
    })
    .join(" < ");
}

describe("registries.conf", () => {
  const settings = new RegistrySettings(parseRegistriesConf(CONF, "registries.conf"));
  it.each([
    [
      "app",
      "docker.io/library/app < !mirror.example:5000/hub/library/app < tags.example/library/app",
    ],
    [
      `docker.io/a/b@${DIGEST}`,
      "docker.io/a/b < !mirror.example:5000/hub/a/b < digests.example/a/b",
    ],
    ["team/app:1", "internal.example/team-of/hub/app"],
    [
      "teams/app:1",
      "docker.io/teams/app < !mirror.example:5000/hub/teams/app < tags.example/teams/app",
    ],
    ["x.corp.example/a/b", "!proxy.example/corp/a/b"],
    ["x.corp.example:5000/a", "!proxy.example/corp/a"],
    ["corp.example/a", "corp.example/a"],
    ["bad.example/evilish", "bad.example/evilish"],
    ["only.example/a:1", "only.example/a"],
    [`only.example/a@${DIGEST}`, "only.example/a < fast.example/a"],
    ["only.example:5000/a:1", "only.example:5000/a"],
    ["quay.io/a/b", "quay.io/a/b"],
  ])("%s", async (name, places) => {
    expect(await placesOf(settings, name)).toBe(places);
  });

  it("blocks what is blocked, and says which line does", async () => {
    const remote = parseRemoteReference("bad.example/evil/app:1");
    const { message, code } = await failureOf(settings.placesOf(remote));
    expect(message).toBe("bad.example/evil/app is blocked by registries.conf:27");
    expect(code).toBe("REGISTRY_BLOCKED");
  });

  it.each([
    ["[[registry]\n", "conf:1: no valid TOML: "],
    ['\n\n[registries.search]\nregistries = ["a"]', "conf:3: this format"],
    [
      '[[registry]]\nlocation = "a"\n[[registry]]\nlocation = "https://b"',
      "conf:4: location: it is",
    ],
    ["[[registry]]\ninsecure = true", "conf:1: neither prefix nor location is given"],
    ['[[registry]]\nprefix = "a.*.b"', 'conf:1: prefix: "a.*.b" has *'],
    [
      '[[registry]]\nlocation = "a"\n[[registry.mirror]]\nlocation = "b"\n\n[[registry.mirror]]\nlocation = "c"\ninsecure = "yes"',
      "conf:8: insecure: ",
    ],
  ])("%j", (text, message) => {
    const error = errorOf(() => parseRegistriesConf(text, "conf"));
    expect(error.code).toBe("REGISTRY_SETTINGS");
    expect(error.message).toContain(message);
  });
});

describe("daemon.json", () => {
  const daemon = parseDaemonJson(
    JSON.stringify({
      "registry-mirrors": ["https://mirror.example/", "http://10.0.0.1:5000"],
      "insecure-registries": ["old.example:5000", "10.0.0.0/8", "fd00::/8"],
    }),
    "daemon.json",
  );
  const settings = new RegistrySettings([], daemon);
  it.each([
    ["app:1", "docker.io/library/app < mirror.example/library/app < !~10.0.0.1:5000/library/app"],
    ["ghcr.io/a/b", "ghcr.io/a/b"],
    ["old.example:5000/a", "!old.example:5000/a"],
    ["old.example/a", "old.example/a"],
    ["10.1.2.3:5000/a", "!10.1.2.3:5000/a"],
    ["11.1.2.3/a", "11.1.2.3/a"],
    ["[fd00::1]:80/a", "![fd00::1]:80/a"],
    ["[fe80::1]:80/a", "[fe80::1]:80/a"],
  ])("%s", async (name, places) => {
    expect(await placesOf(settings, name)).toBe(places);
  });

  it.each([
    ["{", "daemon.json: no valid JSON: "],
    ['{\n "registry-mirrors": "https://x"}', "daemon.json:2: registry-mirrors: "],
    [
      '{"registry-mirrors": [\n"https://u:secret@x"]}',
      "daemon.json:2: registry-mirrors: a mirror is given as https://host, without a path",
    ],
    [
      '{"insecure-registries": [\n"10.0.0.0/33"]}',
      'daemon.json:2: insecure-registries: "10.0.0.0/33"',
    ],
    ['{"insecure-registries": ["name/8"]}', '"name/8" is neither a host nor a network'],
  ])("%j", (text, message) => {
    const error = errorOf(() => parseDaemonJson(text, "daemon.json"));
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("secret");
  });
});

function written(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return folder;
}

function registry(prefix: string, location: string): string {
  return `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n`;
}

describe("a whole registry", () => {
  const daemon = parseDaemonJson('{"insecure-registries": ["old.example"]}', "daemon.json");
  const settings = new RegistrySettings(parseRegistriesConf(CONF, "registries.conf"), daemon);
  it.each([
    ["old.example", true],
    ["proxy.example", true],
    ["only.example", false],
    ["mirror.example:5000", false],
  ])("%s is insecure: %s", async (name, insecure) => {
    expect(await settings.isInsecure(name)).toBe(insecure);
  });
});

describe("settings files", () => {
  const files = {
    "etc/containers/registries.conf": registry("a.example", "system.example"),
    "etc/containers/registries.conf.d/10-b.conf": registry("b.example", "first.example"),
    "etc/containers/registries.conf.d/20-b.conf": registry("b.example", "second.example"),
    "etc/containers/registries.conf.d/readme": "not TOML [",
    "etc/docker/daemon.json": '{"insecure-registries": ["system.example"]}',
  };
  const user = {
    "home/.config/containers/registries.conf": registry("a.example", "user.example"),
    "home/.config/containers/registries.conf.d/1.conf": registry("b.example", "third.example"),
    "home/.config/docker/daemon.json": '{"insecure-registries": ["user.example"]}',
  };
  const named = { "named.conf": registry("a.example", "named.example") };

  it.each([
    ["nothing", {}, {}, "a.example/x", "b.example/x"],
    ["the system's", files, {}, "!system.example/x", "second.example/x"],
    ["the user's", { ...files, ...user }, {}, "!user.example/x", "third.example/x"],
    [
      "the one that is named",
      { ...files, ...user, ...named },
      { CONTAINERS_REGISTRIES_CONF: "named.conf" },
      "named.example/x",
      "third.example/x",
    ],
  ])("%s", async (_, content, env, a, b) => {
    const folder = written(content);
    const name = "CONTAINERS_REGISTRIES_CONF" in env ? path.join(folder, "named.conf") : "";
    const settings = RegistrySettings.fromFiles({
      env: { HOME: path.join(folder, "home"), CONTAINERS_REGISTRIES_CONF: name },
      etc: path.join(folder, "etc"),
    });
    expect(await placesOf(settings, "a.example/x")).toBe(a);
    expect(await placesOf(settings, "b.example/x")).toBe(b);
  });
});
