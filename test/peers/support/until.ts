import { setTimeout as delay } from "node:timers/promises";

/** Waits until something is so; whoever asks too early gets no answer at all. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await isSo().catch(() => false)) return;
    await delay(100);
  }
  throw new Error("it did not come about within 20 seconds");
}
