/**
 * Does something with each item, at most `limit` at a time, beginning in order. After a failure
 * nothing more is begun.
 *
 * @returns the results in the items' order
 * @throws the first failure, at once
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index]!, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/**
 * The same, but fails only when nothing is at work any more: for work that has to tidy up after
 * itself. What is still at work then learns of the failure by `stopped`, and should end.
 *
 * @throws the first failure
 */
export async function inParallelToEnd<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number, stopped: () => boolean) => Promise<Result>,
): Promise<Result[]> {
  const running: Array<Promise<Result>> = [];
  let isStopped = false;
  try {
    return await inParallel(items, limit, (item, index) => {
      const begun = work(item, index, () => isStopped);
      running.push(begun);
      return begun;
    });
  } finally {
    isStopped = true;
    await Promise.allSettled(running);
  }
}
