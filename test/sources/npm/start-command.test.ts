import { expect, it } from "vitest";
import { parseStartCommand } from "../../../src/sources/npm/project/start-command.ts";

const node = (file: string, options: string[] = [], args: string[] = [], env = {}): object => ({
  kind: "node",
  file,
  options,
  args,
  env,
});

it.each([
  ["node server.js", node("server.js")],
  ["  node  ./dist/main.js  --port 80 ", node("./dist/main.js", [], ["--port", "80"])],
  ["NODE_ENV=production node .", node(".", [], [], { NODE_ENV: "production" })],
  ["cross-env A=1 B='x y' node a.js", node("a.js", [], [], { A: "1", B: "x y" })],
  [
    "node --import ./otel.js --enable-source-maps a.js",
    node("a.js", ["--import", "./otel.js", "--enable-source-maps"]),
  ],
  ["node -r dotenv/config a.js", node("a.js", ["-r", "dotenv/config"])],
  ["node --watch --inspect=0.0.0.0:9229 src/a.ts", node("src/a.ts")],
  ['node "my server.js"', node("my server.js")],
  ["exec node a.js", node("a.js")],
  [
    "next start -p 8000",
    { kind: "program", program: "next", args: ["start", "-p", "8000"], env: {} },
  ],
  ["npx tsx src/a.ts", { kind: "program", program: "tsx", args: ["src/a.ts"], env: {} }],
  ["npm run serve", node("b.js")],
  ["yarn serve", node("b.js")],
])("understands %s", (script, expected) => {
  expect(parseStartCommand(script, { serve: "node b.js" })).toEqual(expected);
});

it.each([
  "node a.js && node b.js",
  "node a.js | pino-pretty",
  "node a.js > log",
  "node $FILE",
  "node `which x`",
  "node -e 'run()'",
  "npm run missing",
  "npm run loop",
  "node",
  "",
  "(node a.js)",
  "node *.js",
])("leaves %s to a shell", (script) => {
  expect(parseStartCommand(script, { loop: "npm run loop" })).toBeUndefined();
});
