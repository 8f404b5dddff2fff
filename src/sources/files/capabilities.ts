import { VarveError } from "../../errors.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import { nearest } from "../../wording/nearest.ts";

/** The extended attribute in which the kernel keeps a file's capabilities. */
export const CAPABILITY_XATTR = "security.capability";

/** Names by their numbers: linux/capability.h, each after `cap_`. */
const NAMES =
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
    .split(" ")
    .map((name) => `cap_${name}`);

const REVISION_2 = 0x02000000;
const EFFECTIVE_FLAG = 1;
const LENGTH = 20;
const CLAUSE = /^([a-z_,]*)((?:[=+-][eip]*)+)$/;

interface Sets {
  e: bigint;
  i: bigint;
  p: bigint;
}

/**
 * The value of `security.capability` for capabilities in words, as setcap(8) takes them:
 * `cap_net_bind_service=+ep`, `cap_net_raw,cap_net_admin=ep`, several clauses with blanks between
 * (cap_from_text(3)). The value is a `vfs_cap_data` of revision 2.
 *
 * @throws VarveError `FILES_INVALID`
 */
export function capabilityAttribute(text: string): ByteString {
  const { e, i, p } = parse(text);
  if (e !== 0n && e !== (p | i)) {
    throw invalid(text, "a file has one effective flag for all that is permitted or inheritable", {
      hint: "give all capabilities the flag e, or none",
    });
  }
  const value = Buffer.alloc(LENGTH);
  value.writeUInt32LE(REVISION_2 + (e === 0n ? 0 : EFFECTIVE_FLAG), 0);
  value.writeUInt32LE(half(p, 0), 4);
  value.writeUInt32LE(half(i, 0), 8);
  value.writeUInt32LE(half(p, 1), 12);
  value.writeUInt32LE(half(i, 1), 16);
  return value.toString("latin1");
}

/** 32 of the bits. */
function half(set: bigint, index: number): number {
  return Number((set >> BigInt(32 * index)) & 0xffffffffn);
}

function parse(text: string): Sets {
  const sets: Sets = { e: 0n, i: 0n, p: 0n };
  const clauses = text.trim().toLowerCase().split(/\s+/);
  for (const clause of clauses) {
    const match = CLAUSE.exec(clause);
    if (match === null)
      throw invalid(text, `${JSON.stringify(clause)} is no capabilities with flags`);
    const list = match[1]!;
    const operations = match[2]!.match(/[=+-][eip]*/g)!;
    if (list === "" && !operations[0].startsWith("=")) {
      throw invalid(text, `${JSON.stringify(clause)} names no capability`);
    }
    const named = bitsOf(text, list);
    for (const operation of operations) apply(sets, named, operation);
  }
  return sets;
}

function apply(sets: Sets, named: bigint, operation: string): void {
  const flags = new Set(operation.slice(1));
  for (const flag of ["e", "i", "p"] as const) {
    const isMeant = flags.has(flag);
    if (operation.startsWith("=") && !isMeant) sets[flag] &= ~named;
    else if (isMeant && operation.startsWith("-")) sets[flag] &= ~named;
    else if (isMeant) sets[flag] |= named;
  }
}

function bitsOf(text: string, list: string): bigint {
  if (list === "" || list === "all") return (1n << BigInt(NAMES.length)) - 1n;
  let bits = 0n;
  for (const name of list.split(",")) {
    const number = NAMES.indexOf(name);
    if (number === -1) {
      const like = nearest(name, NAMES);
      throw invalid(text, `there is no capability ${JSON.stringify(name)}`, {
        hint: like === undefined ? "capabilities(7) lists them" : `did you mean ${like}?`,
      });
    }
    bits |= 1n << BigInt(number);
  }
  return bits;
}

function invalid(text: string, why: string, options: { hint?: string } = {}): VarveError {
  return new VarveError("FILES_INVALID", `capabilities ${JSON.stringify(text)}: ${why}`, {
    hint: 'for instance "cap_net_bind_service=+ep"',
    ...options,
  });
}
