import { describe, expect, it } from "vitest";
import { capabilityAttribute } from "../../../src/sources/files/capabilities.ts";
import { errorOf } from "../../support/failures.ts";

function hex(text: string): string {
  return Buffer.from(capabilityAttribute(text), "latin1").toString("hex");
}

describe("capabilities as bytes", () => {
  // Made by setcap(8) and read by getfattr(1).
  it.each([
    ["cap_net_bind_service=+ep", "0100000200040000000000000000000000000000"],
    ["cap_net_bind_service=ep", "0100000200040000000000000000000000000000"],
    ["cap_net_raw,cap_net_admin=ep", "0100000200300000000000000000000000000000"],
    ["cap_chown=p cap_kill+i", "0000000201000000200000000000000000000000"],
    ["cap_checkpoint_restore=eip", "0100000200000000000000000001000000010000"],
    ["all=p", "00000002ffffffff00000000ff01000000000000"],
    ["=p cap_chown-p", "00000002feffffff00000000ff01000000000000"],
    ["CAP_SETUID+eip", "0100000280000000800000000000000000000000"],
  ])("%s", (text, expected) => {
    expect(hex(text)).toBe(expected);
  });

  it.each([
    ["", /no capabilities with flags/],
    ["cap_net_bind_service", /no capabilities with flags/],
    ["+ep", /names no capability/],
    ["cap_chown=x", /no capabilities with flags/],
    ["cap_chown=ep cap_kill=p", /one effective flag/],
    ["cap_net_bnd_service=ep", /no capability "cap_net_bnd_service"/],
    ["cap_chown,=p", /no capability ""/],
  ])("%j is refused", (text, message) => {
    const error = errorOf(() => capabilityAttribute(text));
    expect(error.code).toBe("FILES_INVALID");
    expect(error.message).toMatch(message);
  });

  it("a misspelt name is guessed", () => {
    const { hint } = errorOf(() => capabilityAttribute("cap_net_bnd_service=ep"));
    expect(hint).toBe("did you mean cap_net_bind_service?");
  });
});
