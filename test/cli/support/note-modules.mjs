// Loaded before varve: notes which modules are, and writes them to a file at the end.
import * as fs from "node:fs";
import module from "node:module";

const loaded = [];
module.registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
process.on("exit", () => {
  fs.writeFileSync(process.env.LOADED_MODULES, loaded.join("\n"));
});
