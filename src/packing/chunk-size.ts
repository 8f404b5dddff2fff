/**
 * Bytes handed over at a time: so many that system calls no longer count, and so few that they
 * stay in the processor's cache.
 */
export const CHUNK_SIZE: number = 1 << 20;
