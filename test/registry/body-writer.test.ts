import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { BodyWriter } from "../../src/registry/body-writer.ts";

const MIB = 1 << 20;

/** A request to a server that gives what it has received to whoever asks. */
async function requestTo(
  take: (message: http.IncomingMessage) => void,
): Promise<{ sent: http.ClientRequest; writer: BodyWriter }> {
  const server = http.createServer((message, answer) => {
    message.once("end", () => answer.end());
    take(message);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const sent = http.request({ port, host: "127.0.0.1", method: "PUT" });
  sent.on("error", () => undefined);
  onTestFinished(async () => {
    sent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { sent, writer: new BodyWriter(sent) };
}

it("sends chunks that are overwritten as soon as it has them", async () => {
  const received: Buffer[] = [];
  const { sent, writer } = await requestTo((message) => {
    message.on("data", (bytes: Buffer) => received.push(bytes));
  });
  const answered = new Promise((resolve) => sent.once("response", resolve));
  const lent = Buffer.alloc(MIB + 7);
  for (let turn = 1; turn <= 20; turn += 1) {
    lent.fill(turn);
    await writer.write(lent);
  }
  lent.fill(0xff);
  sent.end();
  await answered;
  const all = Buffer.concat(received);
  expect(all.length).toBe(20 * lent.length);
  for (let turn = 1; turn <= 20; turn += 1) {
    const part = all.subarray((turn - 1) * lent.length, turn * lent.length);
    expect(part.equals(Buffer.alloc(lent.length, turn))).toBe(true);
  }
});

it("waits for a server that does not read, and for no longer than it is asked to", async () => {
  const { writer } = await requestTo((message) => message.pause());
  let written = 0;
  const writing = (async () => {
    for (; written < 64; written += 1) await writer.write(Buffer.alloc(MIB));
  })();
  await delay(200);
  const before = written;
  expect(before).toBeLessThan(32);
  await delay(100);
  expect(written).toBe(before);
  writer.stop();
  writing.catch(() => undefined);
});
