import * as fs from "node:fs";
import { Closure } from "../closure/closure.ts";

export function closureFromFile(file: string): Closure {
  const value = JSON.parse(fs.readFileSync(file === "-" ? 0 : file, "utf8")) as Array<{
    path: string;
    references: string[];
    narSize: number;
    narHash?: string;
  }>;
  return Closure.of(
    value.map(({ path, references, narSize, narHash }) => ({
      id: path,
      references,
      size: narSize,
      contentHash: narHash,
    })),
  );
}
