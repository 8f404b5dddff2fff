import { describe, expect, it } from "vitest";
import { withDeclaredUsers } from "../../../src/sources/debian/declared-users.ts";

const BASE = {
  passwd: "root:*:0:0:root:/root:/bin/bash\nnonroot:x:999:999::/:/x\n",
  group: "root:*:0:\nadm:*:4:\nnonroot:x:999:\n",
};

/** The lines that were added or changed. */
function added(...declarations: string[]): { passwd: string[]; group: string[] } {
  const { passwd, group } = withDeclaredUsers(BASE, declarations);
  return { passwd: news(passwd, BASE.passwd), group: news(group, BASE.group) };
}

function news(text: string, before: string): string[] {
  return text.split("\n").filter((line) => !before.split("\n").includes(line));
}

describe("users that packages declare", () => {
  it("get numbers from 999 down, in order, and a group of their own", () => {
    expect(
      added('# users\nu app - "The app" /var/lib/app /bin/sh\n\n', "u other\n", "g more -\n"),
    ).toEqual({
      passwd: [
        "app:x:998:998:The app:/var/lib/app:/bin/sh",
        "other:x:997:997::/:/usr/sbin/nologin",
      ],
      group: ["app:x:998:", "other:x:997:", "more:x:996:"],
    });
  });

  it("get the numbers and groups that they name", () => {
    expect(added("u app 123 - /srv\nu b 124:adm\ng app2 77\nu app2 -\nu! c 125:130\n")).toEqual({
      passwd: [
        "app:x:123:123::/srv:/usr/sbin/nologin",
        "b:x:124:4::/:/usr/sbin/nologin",
        "app2:x:77:77::/:/usr/sbin/nologin",
        "c:x:125:130::/:/usr/sbin/nologin",
      ],
      group: ["app:x:123:", "app2:x:77:"],
    });
  });

  it("are members of groups", () => {
    expect(added("u app 50\nm app adm\nm app adm\nm root adm\nm app new\n").group).toEqual([
      "adm:*:4:app,root",
      "app:x:50:",
      "new:x:998:app",
    ]);
  });

  it("leave those that are there as they are, and no room for others' fields", () => {
    expect(added("u root 1 evil /tmp\nr - 500-600\n")).toEqual({ passwd: [], group: [] });
    expect(added('u app 7 "a:b:c" /x:y\n').passwd).toEqual(["app:x:7:7:abc:/xy:/usr/sbin/nologin"]);
  });
});
