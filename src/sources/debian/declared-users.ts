import type { ByteString } from "../../tar/byte-string.ts";

/** The texts of /etc/passwd and /etc/group. */
export interface Accounts {
  readonly passwd: ByteString;
  readonly group: ByteString;
}

/** Numbers that system users get, from the highest down, as systemd-sysusers gives them. */
const HIGHEST = 999;
const LOWEST = 100;
const NOLOGIN = "/usr/sbin/nologin";

/**
 * Adds the users and groups that packages declare (sysusers.d(5)): lines `u`, `g` and `m`. Those
 * that are there already stay as they are. Where a declaration leaves the number open, it follows
 * from the order of the declarations alone.
 *
 * @param declarations texts of sysusers.d files, in the order of their packages' and files' names
 */
export function withDeclaredUsers(
  accounts: Accounts,
  declarations: readonly ByteString[],
): Accounts {
  const table = new AccountTable(accounts);
  for (const line of declarations.flatMap((text) => text.split("\n"))) {
    const [type = "", name = "", id = "-", ...rest] = fieldsOf(line);
    if (type.startsWith("u")) table.addUser(name, id, rest);
    else if (type.startsWith("g")) table.addGroup(name, table.numberFor(id));
    else if (type.startsWith("m")) table.addMember(name, id);
  }
  return table.accounts();
}

/** Lines of /etc/passwd and /etc/group by name. */
class AccountTable {
  readonly #users: Map<string, string[]>;
  readonly #groups: Map<string, string[]>;

  constructor({ passwd, group }: Accounts) {
    this.#users = linesOf(passwd);
    this.#groups = linesOf(group);
  }

  accounts(): Accounts {
    return { passwd: textOf(this.#users), group: textOf(this.#groups) };
  }

  /** The number that is wanted, if it is one and free; else the highest free one. */
  numberFor(wanted: string): string {
    const lines = [...this.#users.values(), ...this.#groups.values()];
    const taken = new Set(lines.map(([, , number]) => number));
    if (/^\d+$/.test(wanted) && !taken.has(wanted)) return wanted;
    let number = HIGHEST;
    while (number > LOWEST && taken.has(`${number}`)) number -= 1;
    return `${number}`;
  }

  /** @returns the group's number */
  addGroup(name: string, number: string): string {
    const before = this.#groups.get(name);
    if (before === undefined) this.#groups.set(name, [name, "x", number, ""]);
    return before?.[2] ?? number;
  }

  /** @param id a number, `number:group`, or something else for any */
  addUser(name: string, id: string, rest: readonly string[]): void {
    if (this.#users.has(name)) return;
    const [gecos = "", home = "/", shell = NOLOGIN] = rest.map((field) =>
      field === "-" ? undefined : field,
    );
    const [wanted = "", group] = id.split(":");
    const own = this.#groups.get(name)?.[2];
    const number = own !== undefined && !/^\d+$/.test(wanted) ? own : this.numberFor(wanted);
    const gid =
      group === undefined
        ? this.addGroup(name, number)
        : (this.#groups.get(group)?.[2] ?? (/^\d+$/.test(group) ? group : number));
    this.#users.set(name, [name, "x", number, gid, gecos, home, shell]);
  }

  addMember(user: string, group: string): void {
    this.addGroup(group, this.numberFor("-"));
    const [name = "", password = "", number = "", list = ""] = this.#groups.get(group)!;
    const members = list.split(",").filter((member) => member !== "" && member !== user);
    this.#groups.set(group, [name, password, number, [...members, user].join(",")]);
  }
}

/** Fields are parted by blanks, and may stand in quotes. */
function fieldsOf(line: string): string[] {
  if (/^\s*(?:#|$)/.test(line)) return [];
  const fields = line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g);
  return [...fields].map(([, double, single, plain], index) => {
    const field = double ?? single ?? plain ?? "";
    // Only a number may be two; elsewhere a colon would begin another field of /etc/passwd.
    return index === 2 ? field : field.replaceAll(":", "");
  });
}

function linesOf(text: ByteString): Map<string, string[]> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => [line.split(":", 1)[0]!, line.split(":")]));
}

function textOf(lines: ReadonlyMap<string, readonly string[]>): ByteString {
  return [...lines.values()].map((fields) => `${fields.join(":")}\n`).join("");
}
