import path from "node:path";

/** A project as somebody has it who has never heard of varve. */
export interface NodeProjectCase {
  readonly name: string;
  /** What is special about it, for the table in docs/node-projects.md. */
  readonly special: string;
  readonly files: Readonly<Record<string, string>>;
  /** Shell command that makes lockfile and installation, and builds what must be built. */
  readonly install: string;
  /** The application's folder in the project. [the project's] */
  readonly folder?: string;
  /** What its page, or its output, has in it. */
  readonly says: string;
  /** Arguments of a program that serves nothing: it prints and ends. */
  readonly prints?: readonly string[];
}

const NPM = "npm install --no-audit --no-fund --loglevel=error";
const PNPM = "npx -y pnpm@10 install --silent";
const YARN_1 = "npx -y yarn@1 install --silent --non-interactive";
const YARN_4 = "npx -y @yarnpkg/cli-dist@4 install";

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
const manifest = (value: Readonly<Record<string, unknown>>): string =>
  json({ name: "app", version: "1.0.0", private: true, ...value });

/** Servers of the frameworks that people use, by all package managers, listening on 8080. */
export const NODE_PROJECTS: readonly NodeProjectCase[] = [
  {
    name: "Fastify",
    special: "npm; ES modules, static files",
    files: {
      "package.json": manifest({
        type: "module",
        scripts: { start: "node server.js" },
        dependencies: { fastify: "^5.0.0", "@fastify/static": "^8.0.0" },
      }),
      "server.js": `
        import fastify from "fastify";
        import files from "@fastify/static";
        const app = fastify();
        app.register(files, { root: import.meta.dirname + "/public" });
        await app.listen({ host: "0.0.0.0", port: 8080 });
      `,
      "public/index.html": "<p>fastify, from a file</p>",
    },
    install: NPM,
    says: "fastify, from a file",
  },
  {
    name: "Express",
    special: "npm; CommonJS, only `main` says what runs, templates",
    files: {
      "package.json": manifest({
        main: "index.js",
        dependencies: { express: "^5.0.0", ejs: "^3.1.0", helmet: "^8.0.0" },
        devDependencies: { nodemon: "^3.0.0" },
      }),
      "index.js": `
        const express = require("express");
        const app = express().use(require("helmet")());
        app.set("view engine", "ejs");
        app.get("/", (request, response) => response.render("page", { what: "express" }));
        app.listen(8080);
      `,
      "views/page.ejs": "<p><%= what %>, rendered</p>",
    },
    install: NPM,
    says: "express, rendered",
  },
  {
    name: "Next.js",
    special: "npm; built with `next build`, `.next` goes in, its cache does not",
    files: {
      "package.json": manifest({
        scripts: { build: "next build", start: "next start -p 8080" },
        dependencies: { next: "^15.0.0", react: "^19.0.0", "react-dom": "^19.0.0" },
      }),
      "pages/index.js": `
        export const getServerSideProps = () => ({ props: { what: "next" } });
        export default function Page({ what }) { return <p>{what + ", from the server"}</p>; }
      `,
    },
    install: `${NPM} && NEXT_TELEMETRY_DISABLED=1 npm run build`,
    says: "next, from the server",
  },
  {
    name: "sharp, argon2",
    special: "npm; native modules that come ready for each platform",
    files: {
      "package.json": manifest({
        scripts: { start: "node server.js" },
        dependencies: { sharp: "^0.34.0", "@node-rs/argon2": "^2.0.0" },
      }),
      "server.js": `
        const http = require("node:http");
        const sharp = require("sharp");
        const { hash } = require("@node-rs/argon2");
        http.createServer(async (request, response) => {
          const create = { width: 9, height: 9, channels: 3, background: "red" };
          const image = await sharp({ create }).png().toBuffer();
          const { format } = await sharp(image).metadata();
          response.end(format + ", " + (await hash("secret")).split("$")[1]);
        }).listen(8080);
      `,
    },
    install: NPM,
    says: "png, argon2id",
  },
  {
    name: "Hono, in a pnpm workspace",
    special: "pnpm; a package of the workspace, symlinks as pnpm lays them",
    files: {
      "package.json": manifest({ name: "root" }),
      "pnpm-workspace.yaml": 'packages: ["apps/*", "packages/*"]\n',
      "apps/web/package.json": manifest({
        name: "web",
        type: "module",
        scripts: { start: "node src/main.js" },
        dependencies: { hono: "^4.0.0", "@hono/node-server": "^1.0.0", words: "workspace:*" },
      }),
      "apps/web/src/main.js": `
        import { serve } from "@hono/node-server";
        import { Hono } from "hono";
        import { greeting } from "words";
        serve({ fetch: new Hono().get("/", (c) => c.text(greeting("hono"))).fetch, port: 8080 });
      `,
      "packages/words/package.json": manifest({
        name: "words",
        type: "module",
        main: "index.js",
        dependencies: { "change-case": "^5.0.0" },
      }),
      "packages/words/index.js": `
        import { capitalCase } from "change-case";
        export const greeting = (who) => capitalCase(who) + ", by way of the workspace";
      `,
    },
    install: PNPM,
    folder: "apps/web",
    says: "Hono, by way of the workspace",
  },
  {
    name: "Koa",
    special: "Yarn 1",
    files: {
      "package.json": manifest({
        scripts: { start: "node app.js" },
        dependencies: { koa: "^2.15.0", "koa-router": "^12.0.0" },
      }),
      "app.js": `
        const Koa = require("koa");
        const Router = require("koa-router");
        const router = new Router().get("/", (context) => { context.body = "koa, routed"; });
        new Koa().use(router.routes()).listen(8080);
      `,
    },
    install: YARN_1,
    says: "koa, routed",
  },
  {
    name: "Polka",
    special: "Yarn 4, its packages laid flat",
    files: {
      "package.json": manifest({
        scripts: { start: "node app.js" },
        dependencies: { polka: "^0.5.0", sirv: "^3.0.0" },
      }),
      ".yarnrc.yml": "nodeLinker: node-modules\nenableTelemetry: false\n",
      "yarn.lock": "",
      "app.js": `
        require("polka")().get("/", (request, response) => response.end("polka")).listen(8080);
      `,
    },
    install: `YARN_NPM_REGISTRY_SERVER="$(npm config get registry)" YARN_ENABLE_IMMUTABLE_INSTALLS=false ${YARN_4}`,
    says: "polka",
  },
  {
    name: "NestJS",
    special: "npm; compiled by TypeScript, decorators",
    files: {
      "package.json": manifest({
        scripts: { build: "tsc -p .", start: "node dist/main" },
        dependencies: {
          "@nestjs/common": "^11.0.0",
          "@nestjs/core": "^11.0.0",
          "@nestjs/platform-express": "^11.0.0",
          "reflect-metadata": "^0.2.0",
          rxjs: "^7.8.0",
        },
        devDependencies: { typescript: "~5.9.0" },
      }),
      "tsconfig.json": json({
        compilerOptions: {
          target: "es2022",
          module: "commonjs",
          outDir: "dist",
          rootDir: "src",
          skipLibCheck: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          types: [],
        },
        include: ["src"],
      }),
      "src/main.ts": `
        import "reflect-metadata";
        import { Controller, Get, Injectable, Module } from "@nestjs/common";
        import { NestFactory } from "@nestjs/core";
        @Injectable() class Words { greeting() { return "nest, injected"; } }
        @Controller() class Page {
          constructor(private readonly words: Words) {}
          @Get() page() { return this.words.greeting(); }
        }
        @Module({ controllers: [Page], providers: [Words] }) class App {}
        NestFactory.create(App).then((app) => app.listen(8080));
      `,
    },
    install: `${NPM} && npm run build`,
    says: "nest, injected",
  },
  {
    name: "TypeScript, as it is",
    special: "npm; no build step: `tsx src/main.ts` becomes `node src/main.ts`",
    files: {
      "package.json": manifest({
        type: "module",
        scripts: { start: "tsx src/main.ts" },
        dependencies: { h3: "^1.15.0", zod: "^4.0.0" },
        devDependencies: { tsx: "^4.0.0" },
        engines: { node: ">=24" },
      }),
      "src/main.ts": `
        import { createServer } from "node:http";
        import { createApp, eventHandler, toNodeListener } from "h3";
        import { z } from "zod";
        import { greeting } from "./words.ts";
        const app = createApp().use("/", eventHandler(() => greeting(z.string().parse("h3"))));
        createServer(toNodeListener(app)).listen(8080);
      `,
      "src/words.ts": "export const greeting = (who: string): string => `${who}, typed`;\n",
    },
    install: NPM,
    says: "h3, typed",
  },
  {
    name: "npm workspaces",
    special: "npm; two packages of the monorepo in the image, the third not",
    files: {
      "package.json": manifest({ name: "root", workspaces: ["packages/*"] }),
      "packages/api/package.json": manifest({
        name: "@acme/api",
        scripts: { start: "node index.js" },
        dependencies: { express: "^4.21.0", "@acme/words": "1.0.0" },
      }),
      "packages/api/index.js": `
        const { greeting } = require("@acme/words");
        const app = require("express")();
        app.get("/", (request, response) => response.send(greeting("express 4")));
        app.listen(8080);
      `,
      "packages/words/package.json": manifest({
        name: "@acme/words",
        main: "index.js",
        dependencies: { lodash: "^4.17.0" },
      }),
      "packages/words/index.js":
        'exports.greeting = (who) => require("lodash").upperFirst(who) + ", shared";\n',
      "packages/site/package.json": manifest({
        name: "@acme/site",
        dependencies: { react: "^19.0.0" },
      }),
    },
    install: NPM,
    folder: "packages/api",
    says: "Express 4, shared",
  },
  {
    name: "a command",
    special: "npm; no server: `bin` says what runs",
    files: {
      "package.json": manifest({
        name: "greet",
        type: "module",
        bin: "cli.js",
        dependencies: { commander: "^14.0.0", chalk: "^5.0.0" },
      }),
      "cli.js": `#!/usr/bin/env node
        import { program } from "commander";
        import chalk from "chalk";
        program.argument("<who>").action((who) => console.log(chalk.green("hello, " + who))).parse();
      `,
    },
    install: NPM,
    says: "hello, image",
    prints: ["/usr/local/bin/node", "cli.js", "image"],
  },
  {
    name: "better-sqlite3",
    special: "npm; a native module that its install script compiles",
    files: {
      "package.json": manifest({
        type: "module",
        scripts: { start: "node server.js" },
        engines: { node: process.versions.node.split(".")[0] },
        dependencies: { "better-sqlite3": "^12.0.0" },
      }),
      "server.js": `
        import { createServer } from "node:http";
        import Database from "better-sqlite3";
        const db = new Database(":memory:");
        db.exec("create table t (x); insert into t values ('sqlite'), ('compiled')");
        const all = db.prepare("select group_concat(x, ', ') as x from t");
        createServer((request, response) => response.end(all.get().x)).listen(8080);
      `,
    },
    // Headers lie beside the Node that runs this, as in its package and in its archives.
    install: `PATH="${path.dirname(process.execPath)}:$PATH" npm_config_build_from_source=true npm_config_nodedir="${path.resolve(process.execPath, "../..")}" ${NPM}`,
    says: "sqlite, compiled",
  },
];
