import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { plainJson } from "../../src/image/ordered-json.ts";
import { looksLikeConf, parseConf, readConf } from "../../src/recipe/dockertools-conf.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { errorOf } from "../support/failures.ts";

const CONF = {
  architecture: "amd64",
  config: { Cmd: ["/bin/x"], "10": 1, "9": 2 },
  created: "1970-01-01T00:00:01+00:00",
  customisation_layer: "/nix/store/c-layer",
  from_image: null,
  gid: "100",
  gname: "users",
  mtime: "1970-01-01T00:00:01+00:00",
  os: "linux",
  repo_tag: "name:tag",
  store_dir: "/nix/store",
  store_layers: [["/nix/store/a"], ["/nix/store/b", "/nix/store/c"]],
  uid: "1000",
  uname: "me",
};

function parsed(change: Record<string, unknown> = {}): ReturnType<typeof parseConf> {
  return parseConf(JSON.stringify({ ...CONF, ...change }), "conf.json");
}

describe("the conf of streamLayeredImage (wire format, section 1)", () => {
  it("is read from a file", () => {
    const file = path.join(temporaryFolder(), "conf.json");
    fs.writeFileSync(file, JSON.stringify(CONF));
    const { runtime, ...conf } = readConf(file);
    const added = { layers: [], root_layers: [], annotations: {}, inherit_config: false };
    expect(conf).toEqual({ ...CONF, ...added, uid: 1000, gid: 100 });
    expect(plainJson(runtime)).toEqual(CONF.config);
  });

  it("keeps the config's keys where they stand and numbers as they are", () => {
    const text = JSON.stringify(CONF).replace(
      /"config":\{.*?\}/,
      '"config":{"b":12345678901234567890,"10":1.50,"9":{}}',
    );
    const { runtime } = parseConf(text, "conf.json");
    expect([...runtime.keys()]).toEqual(["b", "10", "9"]);
    expect(runtime.get("b")).toMatchObject({ literal: "12345678901234567890" });
    expect(runtime.get("10")).toMatchObject({ literal: "1.50" });
  });

  it("of older nixpkgs has fewer keys", () => {
    const { uid, gid, uname, gname, mtime, os, store_dir, from_image, ...old } = CONF;
    expect([uid, gid, uname, gname, mtime, os, store_dir, from_image].length).toBe(8);
    expect(parseConf(JSON.stringify(old), "conf.json")).toMatchObject({
      uid: 0,
      gid: 0,
      uname: "root",
      gname: "root",
      os: "linux",
      store_dir: "/nix/store",
    });
  });

  it("takes numbers for numbers, too, and keys that it does not know", () => {
    expect(parsed({ uid: 5, gid: 4_294_967_294, extra: 1 })).toMatchObject({
      uid: 5,
      gid: 4_294_967_294,
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ store_layers: undefined }, /store_layers/],
    [{ store_layers: [["a"]] }, /store_layers\.0\.0: expected an absolute path, not "a"/],
    [{ store_layers: ["/nix/store/a"] }, /store_layers\.0/],
    [{ config: "x" }, /config/],
    [{ repo_tag: 5 }, /repo_tag: expected text, not 5/],
    [{ uid: "me" }, /uid: expected a user or group number, not "me"/],
    [{ uid: "" }, /uid: expected a user or group number, not ""/],
    [{ uid: "0x10" }, /uid: expected a user or group number/],
    [{ gid: -1 }, /gid: expected a user or group number, not -1/],
    [{ gid: 1.5 }, /gid: expected a user or group number/],
    [{ from_image: 5 }, /from_image/],
  ])("that is wrong says where: %j", (change, message) => {
    const error = errorOf(() => parsed(change));
    expect(error.code).toBe("CONF_INVALID");
    expect(error.message).toMatch(/^conf\.json/);
    expect(error.message).toMatch(message);
  });

  it.each(["", "{", "[]", "null", "5"])("is not %j", (text) => {
    const error = errorOf(() => parseConf(text, "conf.json"));
    expect(error.code).toBe("CONF_INVALID");
    expect(error.message).toMatch(/^conf\.json/);
  });

  it("cannot be read when it is not there, or a folder", () => {
    for (const file of ["/nonexistent/conf.json", temporaryFolder()]) {
      const error = errorOf(() => readConf(file));
      expect(error.code).toBe("CONF_UNREADABLE");
      expect(error.message).toContain(file);
      expect(error.hint).toContain("streamLayeredImage");
    }
  });

  it("is told from other JSON", () => {
    expect(looksLikeConf(CONF)).toBe(true);
    for (const other of [null, [], "x", 5, {}, { layers: [] }])
      expect(looksLikeConf(other)).toBe(false);
  });
});
