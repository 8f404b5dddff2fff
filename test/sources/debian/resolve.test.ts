import { describe, expect, it } from "vitest";
import { PackageIndex } from "../../../src/sources/debian/package-index.ts";
import { resolvePackages } from "../../../src/sources/debian/resolve.ts";
import type { ResolveRequest } from "../../../src/sources/debian/resolve.ts";

type Fields = Readonly<Record<string, string>>;

/** An index of packages written as `name version` → fields. */
function indexOf(
  packages: Readonly<Record<string, Fields>>,
  more: Readonly<Record<string, Fields>> = {},
  priority = 500,
): PackageIndex {
  const index = new PackageIndex("amd64");
  index.add(textOf(packages), { name: "stable", priority: 500 });
  index.add(textOf(more), { name: "extra", priority });
  return index;
}

function textOf(packages: Readonly<Record<string, Fields>>): string {
  return Object.entries(packages)
    .map(([label, fields]) => {
      const [name, version] = label.split(" ");
      const all = { Package: name, Version: version, Architecture: "amd64", ...fields };
      return `${Object.entries(all)
        .map(([key, value]) => `${key}: ${value}\n`)
        .join("")}\n`;
    })
    .join("");
}

function chosen(index: PackageIndex, ...packages: string[]): string[] {
  return resolved(index, { packages });
}

function resolved(index: PackageIndex, request: ResolveRequest): string[] {
  return resolvePackages(index, request).map(({ candidate }) => candidate.label);
}

function failure(index: PackageIndex, ...packages: string[]): string {
  try {
    chosen(index, ...packages);
  } catch (error) {
    return String(error);
  }
  throw new Error("it was resolved");
}

describe("choosing packages", () => {
  it("takes what is asked for and all that it depends on, nothing else", () => {
    const index = indexOf({
      "app 1": {
        Depends: "lib (>= 1)",
        "Pre-Depends": "base",
        Recommends: "extra",
        Suggests: "doc",
      },
      "lib 1": { Depends: "app" },
      "base 1": {},
      "extra 1": {},
      "essential 1": { Essential: "yes" },
    });
    expect(chosen(index, "app")).toEqual(["app 1", "base 1", "lib 1"]);
    expect(resolved(index, { packages: ["base"], essential: true })).toEqual([
      "base 1",
      "essential 1",
    ]);
    expect(resolved(index, { packages: ["app"], recommends: true })).toContain("extra 1");
  });

  it("says by what each dependency is met", () => {
    const index = indexOf({
      "app 1": { Depends: "mta | other, app" },
      "postfix 1": { Provides: "mta" },
    });
    expect(resolvePackages(index, { packages: ["app"] }).map(({ depends }) => depends)).toEqual([
      ["postfix"],
      [],
    ]);
  });

  it("prefers the first alternative, unless another is chosen already", () => {
    const packages = {
      "app 1": { Depends: "first | second" },
      "other 1": { Depends: "second" },
      "first 1": {},
      "second 1": {},
    };
    expect(chosen(indexOf(packages), "app")).toEqual(["app 1", "first 1"]);
    expect(chosen(indexOf(packages), "app", "other")).toEqual(["app 1", "other 1", "second 1"]);
  });

  it("prefers the highest version, and the highest pin before it", () => {
    const index = indexOf({ "lib 1": {}, "lib 3": {}, "lib 2": {} }, { "lib 4": {} }, 100);
    expect(chosen(index, "lib")).toEqual(["lib 3"]);
    expect(chosen(index, "lib=2")).toEqual(["lib 2"]);
    expect(chosen(index, "lib/extra")).toEqual(["lib 4"]);
    expect(chosen(indexOf({ "lib 1": {} }, { "lib 1.1": {} }), "lib")).toEqual(["lib 1.1"]);
  });

  it("takes an older version where the newest will not do", () => {
    const index = indexOf({
      "app 1": { Depends: "lib (<< 2)" },
      "lib 1": {},
      "lib 2": {},
      "tool 1": { Depends: "lib" },
    });
    expect(chosen(index, "tool", "app")).toEqual(["app 1", "lib 1", "tool 1"]);
  });

  it("goes back on a choice that leads nowhere", () => {
    const index = indexOf({
      "app 1": { Depends: "a | b" },
      "a 1": { Depends: "c | d" },
      "c 1": { Depends: "missing" },
      "d 1": { Conflicts: "app" },
      "b 1": {},
    });
    expect(chosen(index, "app")).toEqual(["app 1", "b 1"]);
  });

  it.each([
    ["mta", "app 1, postfix 1"],
    ["mta (>= 2)", "app 1, exim 1"],
    ["mta (= 3)", "app 1, exim 1"],
  ])("meets %s by what provides it", (needs, expected) => {
    const index = indexOf({
      "app 1": { Depends: needs },
      "exim 1": { Provides: "mta (= 3)", Priority: "extra" },
      "postfix 1": { Provides: "mta" },
    });
    expect(chosen(index, "app").join(", ")).toBe(expected);
  });

  it("takes name:any for packages that allow it only", () => {
    const packages = { "app 1": { Depends: "python:any" }, "python 1": {} };
    const allowed = { ...packages, "python 1": { "Multi-Arch": "allowed" } };
    expect(chosen(indexOf(allowed), "app")).toEqual(["app 1", "python 1"]);
    expect(failure(indexOf(packages), "app")).toContain("python:any");
  });

  it("lets a package conflict with what it provides itself", () => {
    const index = indexOf({
      "exim 1": { Provides: "mta", Conflicts: "mta" },
      "postfix 1": { Provides: "mta", Conflicts: "mta" },
    });
    expect(chosen(index, "exim")).toEqual(["exim 1"]);
    expect(failure(index, "exim", "postfix")).toMatch(
      /(?:exim|postfix) 1 conflicts with mta, which (?:exim|postfix) 1 provides/,
    );
  });

  it("takes packages alone, and leaves out what is said to be there", () => {
    const index = indexOf({
      "tzdata 1": { Depends: "debconf" },
      "app 1": { Depends: "debconf (>= 0.5) | debconf-2.0, lib" },
      "debconf 1": {},
      "lib 1": {},
    });
    const request = { packages: ["app"], alone: ["tzdata"], without: ["debconf"] };
    expect(resolved(index, request)).toEqual(["app 1", "lib 1", "tzdata 1"]);
    expect(resolved(index, { ...request, packages: ["app", "debconf"] })).toContain("debconf 1");
    expect(resolved(index, { packages: [], alone: ["tzdata"] })).toEqual(["tzdata 1"]);
  });
});

describe("what cannot be had", () => {
  it("is explained from what is asked for down to what is missing", () => {
    const index = indexOf({
      "app 1": { Depends: "lib (>= 2) | otherlib" },
      "lib 1": {},
      "other 1": {},
    });
    expect(failure(index, "other", "app")).toBe(
      "VarveError: these packages cannot be had together:\n" +
        "  app is asked for: there is app 1 (stable)\n" +
        "  app 1 depends on lib (>= 2) | otherlib: there is only lib 1 (stable); no suite has otherlib",
    );
  });

  it("is explained down to the packages that conflict", () => {
    const index = indexOf({
      "a 1": { Depends: "b" },
      "b 1": { Breaks: "c (<< 2)" },
      "c 1": {},
    });
    expect(failure(index, "c", "a").split("\n").slice(1)).toEqual([
      "  a is asked for: there is a 1 (stable)",
      "  c is asked for: there is c 1 (stable)",
      "  a 1 depends on b: there is b 1 (stable)",
      "  b 1 conflicts with c (<< 2): c 1 is one",
    ]);
  });

  it("is explained down to two versions of one package", () => {
    const index = indexOf({
      "a 1": { Depends: "lib (= 1)" },
      "b 1": { Depends: "lib (= 2)" },
      "lib 1": {},
      "lib 2": {},
    });
    expect(failure(index, "a", "b")).toContain(
      "only one of lib 1 (stable) and lib 2 (stable) can be there",
    );
  });

  it.each([
    ["libx", "no suite has a package libx"],
    ["lib=3", "there is no lib=3; there is lib 1 (stable)"],
    ["lib/testing", "there is no lib/testing; there is lib 1 (stable)"],
    ["mta", "mta is a virtual package, provided by exim, postfix"],
    ["Lib", '"Lib" does not name a Debian package'],
    ["lib=a b", '"lib=a b" does not name a Debian package'],
  ])("%s", (name, message) => {
    const index = indexOf({
      "lib 1": {},
      "exim 1": { Provides: "mta" },
      "postfix 1": { Provides: "mta" },
    });
    expect(failure(index, name)).toBe(`VarveError: ${message}`);
  });
});
