import { ConfigError, readConfig } from "./config.ts";
import type { Config } from "./config.ts";
import { listen } from "./listen.ts";
import { buildServer } from "./server.ts";
import { closeOnSignal } from "./shutdown.ts";
import { openStore } from "./store/open-store.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

const config = configOrExit();
const app = buildServer({
  logLevel: config.logLevel,
  openStore: (log) => openStore(config.redis, log),
});
closeOnSignal(app, config.shutdownTimeoutMs);
try {
  await listen(app, config);
} catch (error) {
  app.log.fatal({ err: error }, "cannot listen");
  process.exit(EXIT_FAILURE);
}

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`redis-webserver: ${error.message}\n`);
    process.exit(EXIT_USAGE);
  }
}
