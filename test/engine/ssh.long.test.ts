import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connectEngine } from "../../src/engine/client.ts";
import { failureOf } from "../support/failures.ts";
import { afterBody, scriptedEngine } from "./support/scripted-engine.ts";
import { sshdAbsent, startSshd } from "./support/sshd.ts";
import type { TestSshd } from "./support/sshd.ts";

const mib = 1 << 20;

/** What `docker system dial-stdio` does: bytes between standard streams and the engine's socket. */
const dialStdio = `
import { connect } from "node:net";
import { readFileSync } from "node:fs";
const at = process.argv.indexOf("--host");
const socket = connect(at < 0 ? readFileSync(process.env.SOCKET_FILE, "utf8") : process.argv[at + 1].slice(7));
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
process.stdin.pipe(socket);
socket.pipe(process.stdout);
`;

describe.skipIf(sshdAbsent())("an engine over ssh", () => {
  let folder: string;
  let sshd: TestSshd;
  const path = process.env["PATH"];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "varve-ssh-"));
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "dial-stdio.mjs"), dialStdio);
    const docker = `#!/bin/sh\nexec '${process.execPath}' '${folder}/dial-stdio.mjs' "$@"\n`;
    await writeFile(join(folder, "bin/docker"), docker, { mode: 0o755 });
    sshd = await startSshd({
      PATH: join(folder, "bin"),
      SOCKET_FILE: join(folder, "socket"),
    });
  });
  beforeEach(() => {
    process.env["PATH"] = `${sshd.path}${delimiter}${path}`;
  });
  afterEach(() => {
    process.env["PATH"] = path;
  });
  afterAll(async () => {
    await sshd?.stop();
    await rm(folder, { recursive: true });
  });

  it("takes an image; one login serves several calls", async () => {
    let size = 0;
    const engine = await scriptedEngine(
      afterBody((body, response) => {
        size = body.length;
        response.end(size === 0 ? "[]" : '{"stream":"Loaded image: web:latest\\n"}');
      }),
    );
    await writeFile(join(folder, "socket"), engine.socket);
    const client = await connectEngine({ host: `ssh://${sshd.address}`, env: {} });
    expect(await client.listImages()).toEqual([]);
    expect(await client.loadImage(archive(20))).toEqual({ names: ["web:latest"], ids: [] });
    expect(size).toBe(20 * mib);
    expect(await client.listImages()).toEqual([]);
    expect(await sshd.commands()).toEqual(["docker system dial-stdio"]);
    client.close();
    await expectNoSsh();
  });

  it("may have its socket somewhere else, under any name", async () => {
    const engine = await scriptedEngine((_request, response) => response.end("[]"));
    const socket = `${engine.socket}'s; $HOME`;
    await symlink(engine.socket, socket);
    const client = await connectEngine({
      host: `ssh://${sshd.address}${encodeURI(socket).replace("'", "%27").replace(";", "%3B")}`,
      env: {},
    });
    expect(await client.listImages()).toEqual([]);
    expect((await sshd.commands()).at(-1)).toMatch(/^docker --host 'unix:.*'\\''s; \$HOME' system/);
    client.close();
  });

  it("refuses in its own words while it is sent to", async () => {
    const engine = await scriptedEngine((request, response) => {
      request.once("data", () => {
        // Docker's dial-stdio passes an answer on though it can no longer write. Ours here cannot,
        // so the connection must outlive the answer a little.
        response.writeHead(500).end('{"message":"disk on fire"}');
        response.once("finish", () => setTimeout(() => request.socket.destroy(), 300));
      });
    });
    await writeFile(join(folder, "socket"), engine.socket);
    const client = await connectEngine({ host: `ssh://${sshd.address}`, env: {} });
    const error = await failureOf(client.loadImage(archive(10_000)));
    expect(error.message).toContain("(500): disk on fire");
    client.close();
    await expectNoSsh();
  });

  it("is left at once when the signal says so", async () => {
    const engine = await scriptedEngine((request) => void request.resume());
    await writeFile(join(folder, "socket"), engine.socket);
    const client = await connectEngine({ host: `ssh://${sshd.address}`, env: {} });
    const loading = client.loadImage(archive(10_000), { signal: AbortSignal.timeout(200) });
    await expect(loading).rejects.toThrow("timeout");
    await expectNoSsh();
  });

  it("is not reached if there is no Docker over there", async () => {
    await chmod(join(folder, "bin/docker"), 0);
    try {
      const error = await failureOf(connectEngine({ host: `ssh://${sshd.address}`, env: {} }));
      expect(error.code).toBe("ENGINE_SSH");
      expect(error.message).toMatch(/^cannot reach ssh:.*docker.*(not found|denied)/is);
      expect(error.hint).toContain("docker system dial-stdio");
    } finally {
      await chmod(join(folder, "bin/docker"), 0o755);
    }
  });

  it("is not reached if its own engine is not there", async () => {
    await writeFile(join(folder, "socket"), "/nope/docker.sock");
    const error = await failureOf(connectEngine({ host: `ssh://${sshd.address}`, env: {} }));
    expect(error.code).toBe("ENGINE_SSH");
    expect(error.message).toContain("ENOENT /nope/docker.sock");
  });

  it("is not reached if ssh refuses", async () => {
    const address = sshd.address.replace(/^.*@/, "nobody-of-that-name@");
    const error = await failureOf(connectEngine({ host: `ssh://${address}`, env: {} }));
    expect(error.code).toBe("ENGINE_SSH");
    expect(error.message).toContain(`cannot reach ssh://${address}: `);
    expect(error.message).toContain("Permission denied (publickey)");
  });

  it("is not reached if nobody listens", async () => {
    const error = await failureOf(connectEngine({ host: "ssh://127.0.0.1:1", env: {} }));
    expect(error.message).toContain("Connection refused");
  });

  it("is not reached without an ssh command", async () => {
    process.env["PATH"] = folder;
    const error = await failureOf(connectEngine({ host: `ssh://${sshd.address}`, env: {} }));
    expect(error.code).toBe("ENGINE_SSH");
    expect(error.message).toContain("there is no ssh command");
  });
});

/** Waits a little for the ssh processes of this test to end. */
async function expectNoSsh(): Promise<void> {
  for (let attempt = 0; attempt < 40 && sshChildren().length > 0; attempt += 1) await delay(50);
  expect(sshChildren()).toEqual([]);
}

function sshChildren(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "utf8");
      } catch {
        return "";
      }
    })
    .filter((stat) => new RegExp(`^\\d+ \\(ssh\\) [^Z] ${process.pid} `).test(stat));
}

async function* archive(mebibytes: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < mebibytes; index += 1) yield Buffer.alloc(mib);
}
