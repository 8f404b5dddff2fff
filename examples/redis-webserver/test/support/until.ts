import { setTimeout as sleep } from "node:timers/promises";

/** Waits until the question is answered with something true, and answers that. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  timeoutMs = 8000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(20);
  }
}
