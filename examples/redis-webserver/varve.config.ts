import { defineImage, env } from "varve";

/**
 * The server's image without Nix: Debian's libraries, Node, the packages that package-lock.json
 * pins, the server. varve.lock pins the first two.
 *
 * Debian's packages come from the mirrors of this machine's apt; where there are none, from the
 * mirror that DEBIAN_MIRROR names.
 */
const mirror = env("DEBIAN_MIRROR", "");
const suite = ["bookworm", "bookworm-updates", "bookworm-security"];

export default defineImage({
  name: "redis-webserver",
  tag: "latest",
  contents: [
    {
      debian: ["tini", "tzdata"],
      ...(mirror === "" ? {} : { mirror, suite }),
    },
    { node: "24" },
    { npm: "." },
  ],
  // The user (nobody special), Node as the program and where it runs go without saying.
  config: {
    Env: ["PORT=8000"],
    ExposedPorts: { "8000/tcp": {} },
    StopSignal: "SIGTERM",
    Labels: {
      "org.opencontainers.image.title": "redis-webserver",
      "org.opencontainers.image.description": "A small web service that keeps its data in Redis",
      "org.opencontainers.image.licenses": "MIT",
    },
  },
});
