import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { subjectHash } from "../../../src/sources/debian/subject-hash.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const AUTHORITIES = "/usr/share/ca-certificates/mozilla";
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl && process.env["CI"] === "true") throw new Error("openssl is missing in CI");

/** What `openssl rehash` names the certificates of a folder. */
function rehashed(folder: string): Map<string, string> {
  execFileSync("openssl", ["rehash", folder], { stdio: ["ignore", "ignore", "ignore"] });
  const names = fs.readdirSync(folder).filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name));
  return new Map(names.map((name) => [fs.readlinkSync(path.join(folder, name)), name.slice(0, 8)]));
}

describe.skipIf(!hasOpenssl)("the name of an authority's certificate", () => {
  it.skipIf(!fs.existsSync(AUTHORITIES))("is OpenSSL's, of each that this machine has", () => {
    const folder = temporaryFolder();
    const names = fs.readdirSync(AUTHORITIES);
    for (const name of names) {
      fs.copyFileSync(path.join(AUTHORITIES, name), path.join(folder, name));
    }
    const expected = rehashed(folder);
    expect(expected.size).toBeGreaterThan(100);
    for (const [name, hash] of expected) {
      expect([name, subjectHash(fs.readFileSync(path.join(folder, name), "latin1"))]).toEqual([
        name,
        hash,
      ]);
    }
  });

  it.each([
    ["ÄÖ  Ünïcode  /ok/CN= Two   Spaces ", ["-utf8"]],
    ["Upper CASE", []],
    [`${"long ".repeat(11)}name/O=${"b".repeat(60)}/OU=${"c".repeat(60)}/L=${"d".repeat(100)}`, []],
  ])("is OpenSSL's: %s", (subject, flags) => {
    const folder = temporaryFolder();
    const file = path.join(folder, "a.pem");
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509"];
    const out = ["-keyout", path.join(folder, "key"), "-out", file];
    execFileSync("openssl", ["req", ...key, ...flags, ...out, "-subj", `/CN=${subject}`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const hash = execFileSync("openssl", ["x509", "-hash", "-noout", "-in", file]);
    expect(subjectHash(fs.readFileSync(file, "latin1"))).toBe(hash.toString().trim());
  });

  it("is none for what is no certificate", () => {
    expect(subjectHash("A")).toBeUndefined();
    const nonsense = Buffer.from("3082ffff00", "hex").toString("base64");
    const pem = `-----BEGIN CERTIFICATE-----\n${nonsense}\n-----END CERTIFICATE-----`;
    expect(subjectHash(pem)).toBeUndefined();
  });
});
