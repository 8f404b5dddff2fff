import { describe, expect, it } from "vitest";
import { ImageLayout } from "../../../src/sources/debian/image-layout.ts";

function layout(
  links: Readonly<Record<string, string>> = {},
  folders: readonly string[] = [],
): ImageLayout {
  return new ImageLayout({ links: new Map(Object.entries(links)), folders: new Set(folders) });
}

describe("where packages' files lie", () => {
  it("is below /usr where there is no base, or one with merged /usr", () => {
    const merged = { bin: "usr/bin", lib: "/usr/lib", "var/run": "../run" };
    for (const each of [layout(), layout(merged, ["usr", "etc", "usr/bin"])]) {
      expect(each.key).toBeUndefined();
      expect(each.place("bin/sh", false)).toBe("usr/bin/sh");
      expect(each.place("lib/x86_64-linux-gnu", true)).toBe("usr/lib/x86_64-linux-gnu");
      expect(each.place("var/run/app", true)).toBe("run/app");
      expect(each.place("var/lock/app", false)).toBe("run/lock/app");
      expect(each.place("etc/app", false)).toBe("etc/app");
      // The links themselves are among the system files.
      expect(each.place("bin", true)).toBeUndefined();
      expect(each.place("bin", false)).toBeUndefined();
      expect(each.isOfBase("bin")).toBe(false);
    }
  });

  it("is where they lie in the package where a base has folders", () => {
    const split = layout({}, ["bin", "lib", "usr", "var/run"]);
    expect(split.place("bin/sh", false)).toBe("bin/sh");
    expect(split.place("bin", true)).toBe("bin");
    expect(split.place("lib/ld.so", false)).toBe("lib/ld.so");
    expect(split.place("var/run/app", true)).toBe("var/run/app");
    // The base has no /sbin.
    expect(split.place("sbin/init", false)).toBe("usr/sbin/init");
    // A package of a newer Debian, which has the link.
    expect(split.place("bin", false)).toBeUndefined();
    expect([split.isOfBase("bin"), split.isOfBase("sbin")]).toEqual([true, false]);
    expect(split.key).not.toBe(layout({}, ["bin", "usr"]).key);
  });

  it("is where a base's links lead", () => {
    const one = layout({ "usr/sbin": "bin", lib64: "usr/lib", sbin: "usr/bin", opt: "/srv/opt" });
    expect(one.place("usr/sbin/nginx", false)).toBe("usr/bin/nginx");
    expect(one.place("sbin/ldconfig", false)).toBe("usr/bin/ldconfig");
    expect(one.place("lib64/ld-linux-x86-64.so.2", false)).toBe("usr/lib/ld-linux-x86-64.so.2");
    expect(one.place("opt/app/x", false)).toBe("srv/opt/app/x");
    expect(one.place("usr/sbin", true)).toBeUndefined();
    expect(one.place("bin/sh", false)).toBe("usr/bin/sh");
    expect([one.isOfBase("lib64"), one.isOfBase("bin")]).toEqual([true, false]);
    expect(one.key).toBeDefined();
  });
});
