import path from "node:path";
import { describe, expect, it } from "vitest";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { putImage } from "../destinations/copy/support/content.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";

describe("varve tag in a layout", () => {
  it("gives names that stand for the same image", async () => {
    const folder = path.join(temporaryFolder(), "layout");
    const layout = OciLayout.create(folder);
    const { digest } = await putImage(layout, { layer: "x", name: "1.0" });
    const { status, stdout } = await runHere(
      "tag",
      "--quiet",
      `oci:${folder}:1.0`,
      "latest",
      `oci:${folder}:team/app`,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: `oci:${folder}@${digest}\n` });
    expect(layout.names().toSorted()).toEqual(["1.0", "latest", "team/app"]);
    for (const name of layout.names()) {
      expect((await layout.readManifest(name))?.digest).toBe(digest);
    }
  });

  it.each([
    [["oci:LAYOUT:2.0", "x"], 1, /there is no image oci:LAYOUT:2\.0/],
    [["oci:LAYOUT:1.0", "oci:/other:x"], 2, /is not where the image is/],
    [["oci:LAYOUT:1.0"], 2, /expected|missing|argument/i],
    [["app:1.0", "app:2.0"], 2, /may be in an engine or in a registry/],
    [["ghcr.io/a/b:1", "other.example/a/b:1"], 2, /is not where the image is/],
    [["ghcr.io/a/b:1", `ghcr.io/a/b@sha256:${"0".repeat(64)}`], 2, /names a digest/],
    [["docker-archive:x.tar", "a"], 2, /is a file/],
  ])("refuses %j", async (args, expected, message) => {
    const folder = path.join(temporaryFolder(), "layout");
    await putImage(OciLayout.create(folder), { layer: "x", name: "1.0" });
    const given = args.map((arg) => arg.replace("LAYOUT", folder));
    const { status, stderr } = await runHere("tag", ...given);
    expect(stderr.replaceAll(folder, "LAYOUT")).toMatch(message);
    expect(status).toBe(expected);
  });
});
