import { describe, expect, it } from "vitest";
import { parseOrderedJson } from "../../src/image/ordered-json.ts";
import { pythonJson, pythonListRepr } from "../../src/image/python-json.ts";

// test/peers/cpython.test.ts compares random values with CPython itself.

describe("json.dumps(value, indent=4)", () => {
  it("indents by four, and leaves empty lists and objects on one line", () => {
    const value = parseOrderedJson('{"a":[1,[],{}],"b":{"c":null,"d":[true,false]}}');
    expect(pythonJson(value)).toBe(
      [
        "{",
        '    "a": [',
        "        1,",
        "        [],",
        "        {}",
        "    ],",
        '    "b": {',
        '        "c": null,',
        '        "d": [',
        "            true,",
        "            false",
        "        ]",
        "    }",
        "}",
      ].join("\n"),
    );
  });

  it.each([
    ["é", "\\u00e9"],
    ["😀", "\\ud83d\\ude00"],
    ["\u007f", "\\u007f"],
    ["\u0000\u001f", "\\u0000\\u001f"],
    ['\b\f\n\r\t"\\/', '\\b\\f\\n\\r\\t\\"\\\\/'],
    ["\ud800", "\\ud800"],
  ])("escapes %j", (text, escaped) => {
    expect(pythonJson(text)).toBe(`"${escaped}"`);
  });

  it.each([
    ["0", "0"],
    ["-0", "0"],
    ["123456789012345678901234567890", "123456789012345678901234567890"],
    ["1.0", "1.0"],
    ["-0.0", "-0.0"],
    ["1e2", "100.0"],
    ["1e15", "1000000000000000.0"],
    ["1e16", "1e+16"],
    ["1.5e300", "1.5e+300"],
    ["0.0001", "0.0001"],
    ["0.00001", "1e-05"],
    ["1e-100", "1e-100"],
    ["1e999", "Infinity"],
    ["-1e999", "-Infinity"],
    ["0.1", "0.1"],
    ["5e-324", "5e-324"],
  ])("the number %s is %s", (literal, text) => {
    expect(pythonJson(parseOrderedJson(literal))).toBe(text);
  });
});

describe("repr of a list", () => {
  it.each([
    [[], "[]"],
    [["/nix/store/a-b", "/nix/store/c-d"], "['/nix/store/a-b', '/nix/store/c-d']"],
    [["it's"], `["it's"]`],
    [[`it's "so"`], `['it\\'s "so"']`],
    [["a\\b"], "['a\\\\b']"],
    [["\n\r\t\u0000\u007f\u00a0"], "['\\n\\r\\t\\x00\\x7f\\xa0']"],
    [["é漢😀"], "['é漢😀']"],
    [["\u202e\u{e0001}\ud800"], "['\\u202e\\U000e0001\\ud800']"],
  ])("%j", (items, repr) => {
    expect(pythonListRepr(items)).toBe(repr);
  });
});
