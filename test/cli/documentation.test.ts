import * as fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { commandsDocument } from "../../script/lib/commands-document.ts";

it("docs/commands.md says what --help says (script/docs writes it)", async () => {
  const file = path.join(import.meta.dirname, "../../docs/commands.md");
  expect(fs.readFileSync(file, "utf8")).toBe(await commandsDocument());
});
