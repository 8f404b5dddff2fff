import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { dockerToolsConfig, inheritEnvironment } from "../../src/image/config.ts";
import { digestOf } from "../../src/image/digest.ts";
import { orderedJson, parseOrderedJson } from "../../src/image/ordered-json.ts";
import type { JsonObject } from "../../src/image/ordered-json.ts";
import { pythonJson, pythonListRepr } from "../../src/image/python-json.ts";
import { parseTimestamp } from "../../src/image/timestamp.ts";
import { parseConf } from "../../src/recipe/dockertools-conf.ts";
import { compareNames, pythonCodePoints } from "../../src/tar/byte-string.ts";
import { arbitraryBytes } from "../tar/support/arbitrary-name.ts";
import { absent } from "./support/absent.ts";
import { runWith } from "./support/run.ts";

const SCRIPT = path.join(import.meta.dirname, "support/cpython-image.py");

/** What CPython says to each question, asked all at once. */
async function ask<Answer>(kind: string, questions: readonly unknown[]): Promise<Answer[]> {
  const lines = questions.map((question) => `${JSON.stringify({ [kind]: question })}\n`);
  const env = { ...process.env, PYTHONUTF8: "1" };
  const answers = await runWith("python3", [SCRIPT], Buffer.from(lines.join("")), { env });
  return answers
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}

/** Letters that Unicode has had for long: what is printable is a question of the version. */
const TEXT = fc.string({
  unit: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.integer({ min: 0, max: 0x2ff }).map((point) => String.fromCodePoint(point)),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(..."'\"\\\n\r\t/\u{7f}\u{2028}\u{202e}\u{e000}\u{feff}".split("")),
    },
    { weight: 1, arbitrary: fc.constantFrom("漢", "😀", "𝒳", "\u{10ffff}", "\ud800", "\udfff") },
  ),
});

const NUMBER = fc
  .oneof(
    fc.double({ noNaN: true }).map(String),
    fc.double({ noNaN: true, min: -1e-3, max: 1e-3 }).map((value) => value.toExponential()),
    fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
    fc
      .tuple(fc.nat(), fc.nat({ max: 30 }))
      .map(([digits, zeros]) => `${digits}.${digits}${"0".repeat(zeros)}`),
    fc
      .tuple(fc.nat(), fc.integer({ min: -330, max: 330 }))
      .map(([digits, power]) => `${digits}e${power}`),
    fc.constantFrom(
      "-0",
      "-0.0",
      "0.0",
      "1e16",
      "1e15",
      "123456789012345680.0",
      "1e-4",
      "1e-5",
      "1e400",
    ),
  )
  .filter((text) => /^-?\d/.test(text));

/** JSON as text, since JavaScript's own values would lose some of it. */
const JSON_TEXT = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    NUMBER,
    TEXT.map((text) => JSON.stringify(text)),
    fc.constantFrom("null", "true", "false", "[]", "{}"),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
    fc
      .array(fc.tuple(fc.oneof(TEXT, fc.constantFrom("10", "9", "a")), tie("value")), {
        maxLength: 4,
      })
      .map(
        (members) =>
          `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`,
      ),
  ),
})).value;

/** Two digits. */
function two(max: number): fc.Arbitrary<string> {
  return fc.nat({ max }).map((value) => String(value).padStart(2, "0"));
}

const YEAR = fc
  .oneof(fc.integer({ min: 1960, max: 2040 }), fc.nat({ max: 9999 }))
  .map((value) => String(value).padStart(4, "0"));
const ZONE = fc.oneof(
  fc.constantFrom("Z", "", "+00:00", "-00:00"),
  fc
    .tuple(fc.constantFrom("+", "-"), two(25), fc.constantFrom("", ":"), two(59))
    .map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom("+", "-"), two(24)).map((parts) => parts.join("")),
);
const FRACTION = fc.oneof(
  fc.constant(""),
  fc
    .tuple(fc.constantFrom(".", ","), fc.stringMatching(/^[0-9]{1,9}$/))
    .map((parts) => parts.join("")),
);
/** Dates that exist, and such that nearly do. */
const DATE = fc
  .tuple(YEAR, fc.constantFrom("-", ""), two(13), two(32), fc.constantFrom("T", " "), two(24))
  .chain(([y, dash, month, day, separator, hour]) =>
    fc
      .tuple(fc.constantFrom(":", ""), two(60), two(60), FRACTION, ZONE)
      .map(
        ([colon, minute, second, rest, offset]) =>
          `${y}${dash}${month}${dash}${day}${separator}${hour}${colon}${minute}${colon}${second}${rest}${offset}`,
      ),
  );

function sampled<Value>(arbitrary: fc.Arbitrary<Value>, count: number): Value[] {
  return fc.sample(arbitrary, count);
}

describe.skipIf(absent(["python3"]))("as CPython has it", () => {
  it("json.dumps(indent=4) of any JSON", async () => {
    const texts = sampled(JSON_TEXT, 2000);
    const answers = await ask<string>("json", texts);
    for (const [index, text] of texts.entries()) {
      expect(pythonJson(parseOrderedJson(text)), text).toBe(answers[index]);
    }
  });

  it("repr of any list of texts", async () => {
    const lists = sampled(fc.array(TEXT, { maxLength: 4 }), 2000);
    const answers = await ask<string>("repr", lists);
    expect(lists.map(pythonListRepr)).toEqual(answers);
  });

  it("dates", async () => {
    const texts = sampled(DATE, 3000);
    const answers = await ask<[string, number] | null>("date", texts);
    const ours = texts.map((each) => {
      try {
        const { text: written, seconds } = parseTimestamp(each, "date");
        return [written, seconds];
      } catch (error) {
        if (error instanceof UsageError) return null;
        throw error;
      }
    });
    expect(answers.filter((answer) => answer !== null).length).toBeGreaterThan(500);
    for (const [index, each] of texts.entries()) {
      expect(ours[index], each).toEqual(answers[index]);
    }
  });

  it("code points of names, and so their order", async () => {
    const names = sampled(arbitraryBytes(6), 2000);
    const answers = await ask<number[]>("points", names);
    expect(names.map(pythonCodePoints)).toEqual(answers);
    const sorted = names.toSorted(compareNames).map(pythonCodePoints);
    expect(sorted).toEqual(answers.toSorted(compareLists));
  });

  it("dockerTools' config of any conf, with and without a base", async () => {
    const runtime = fc.record(
      {
        Cmd: fc.array(TEXT, { maxLength: 3 }),
        Env: fc.array(fc.constantFrom("A=1", "A=2", "B", "B=3", "PATH=/bin", "é=ü"), {
          maxLength: 4,
        }),
        ExposedPorts: fc.constant({ "8000/tcp": {}, "53/udp": {} }),
        Labels: fc.dictionary(TEXT, TEXT, { maxKeys: 3 }),
        StopTimeout: fc.nat(),
      },
      { requiredKeys: [] },
    );
    const environment = fc.array(fc.constantFrom("A=0", "C=1", "PATH=/usr/bin"), { maxLength: 3 });
    const questions = sampled(
      fc.record({
        conf: fc.record({
          architecture: fc.constantFrom("amd64", "arm64"),
          config: runtime,
          created: fc.constantFrom("1970-01-01T00:00:01+00:00", "2026-01-31T12:00:00.5-08:00"),
          customisation_layer: fc.constant("/nix/store/c"),
          repo_tag: fc.constant("a:b"),
          store_layers: fc.constant([]),
        }),
        base: fc.option(
          fc.record({ Env: environment, Cmd: fc.constant(["x"]) }, { requiredKeys: [] }),
        ),
        paths: fc.array(fc.array(TEXT, { maxLength: 3 }), { maxLength: 3 }),
      }),
      300,
    ).map(({ conf, base, paths }) => {
      const diffIds = paths.map((each) => digestOf(Buffer.from(each.join())));
      return { conf, base, paths, diffIds };
    });
    const answers = await ask<string>("config", questions);
    const ours = questions.map(({ conf, base, paths, diffIds }) => {
      const { runtime: own, architecture, created } = parseConf(JSON.stringify(conf), "conf");
      const config = dockerToolsConfig(
        {
          created: parseTimestamp(created, "created").text,
          architecture,
          os: "linux",
          runtime: base === null ? own : inheritEnvironment(orderedJson(base) as JsonObject, own),
          layerPaths: paths,
        },
        diffIds,
      );
      return config.toString("utf8");
    });
    expect(ours).toEqual(answers);
  });
});

function compareLists(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((point, index) => point !== b[index]);
  return at === -1 ? a.length - b.length : a[at]! - (b[at] ?? -1);
}
