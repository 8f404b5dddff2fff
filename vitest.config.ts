import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/peers/**", "test/nixpkgs/**", "test/cli/**", "test/**/*.long.test.ts"],
          // Most time would go into loading the same modules for every file. So whoever changes the
          // process (its environment, its folder) changes it back.
          isolate: false,
          // Tests start programs, and a machine may be busy with others.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          // What breaks off, waits, is killed or has to last: a run of its own, so that the other
          // stays quick.
          name: "long",
          include: ["test/**/*.long.test.ts"],
          exclude: ["test/peers/**", "test/nixpkgs/**", "test/cli/**"],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          // The program as its users start it: many processes, so a run of its own.
          name: "cli",
          include: ["test/cli/**/*.test.ts"],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "peers",
          include: ["test/peers/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
