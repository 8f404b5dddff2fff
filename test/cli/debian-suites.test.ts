import * as fs from "node:fs";
import { describe, expect, it } from "vitest";
import { makeKey } from "../sources/debian/support/test-mirror.ts";
import { APP, RELEASE, flipLast, useDebianRecipe } from "./support/debian-recipe.ts";

const debian = useDebianRecipe();
const { ask, publish, refusal, works, worksAsNew, spoil, indexName } = debian;

describe("a suite is refused", () => {
  it("that somebody else signed", async () => {
    await publish(APP, { key: await makeKey() });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease has no good signature: key KEY is not in the keyrings
      varve: hint: keys come from FOLDER/keys.asc: are they up to date?
      "
    `);
    await publish();
    await works();
  });

  it("that was changed after it was signed", async () => {
    await publish();
    const back = spoil(RELEASE, (bytes) =>
      Buffer.from(bytes.toString().replace("Origin: Test", "Origin: Evil")),
    );
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease has no good signature: by key KEY: Signed digest did not match
      varve: hint: keys come from FOLDER/keys.asc: are they up to date?
      "
    `);
    back();
    await works();
  });

  it("that nobody signed", async () => {
    await publish(APP, { signing: "none" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/Release is not signed
      varve: hint: take a mirror that is; apt's [trusted=yes] would allow it, for a mirror of your own
      "
    `);
    await publish();
    await works();
  });

  it("for keys that cannot be read", async () => {
    await publish();
    ask("app", { keyring: "no.asc" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: FOLDER/no.asc cannot be read as OpenPGP keys: there is no such file
      varve: hint: a keyring is what \`gpg --export\` writes, with or without --armor
      "
    `);
    fs.writeFileSync("no.asc", "nonsense");
    expect(await refusal()).toContain("FOLDER/no.asc cannot be read as OpenPGP keys");
    ask("app");
    await works();
  });

  it("whose Release file has expired", async () => {
    await publish(APP, { release: { "Valid-Until": "Sun, 12 Jul 2026 00:00:00 UTC" } });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease was valid until Sun, 12 Jul 2026 00:00:00 UTC
      varve: hint: use another mirror; for a snapshot of an archive, allow it: \`checkValidUntil: false\`, or Check-Valid-Until: no in apt's sources
      "
    `);
    ask("app", { checkValidUntil: false });
    await works();
  });

  it("that is another", async () => {
    await publish(APP, { release: { Suite: "unstable", Codename: "sid" } });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease is the Release file of unstable, sid, not of stable
      varve: hint: write the suite as its Release file does
      "
    `);
    await publish();
    await works();
  });

  it("whose index is another than its Release file says", async () => {
    await publish();
    const back = spoil(indexName(), flipLast);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/main/binary-amd64/by-hash/SHA256/DIGEST has the SHA-256 DIGEST, not DIGEST
      varve: hint: the mirror is being updated or damaged: try again later, or another mirror
      "
    `);
    back();
    await worksAsNew();
  });

  it("that is not there, or has no such component", async () => {
    await publish();
    ask("app", { suite: "stabel" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/ has no suite stabel
      varve: hint: check the mirror's URL and the suite's name
      "
    `);
    ask("app", { components: ["contrib"] });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/ has no contrib/binary-amd64/Packages
      varve: hint: its components are main
      "
    `);
    ask("app");
    await works();
  });
});
