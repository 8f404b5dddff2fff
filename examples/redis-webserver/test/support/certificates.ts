import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface Certificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes a certificate authority and, signed by it, a certificate for a server at 127.0.0.1. */
export function makeCertificates(dir: string): Certificates {
  openssl(dir, "-keyout ca.key -out ca.crt -subj /CN=Test-authority");
  openssl(
    dir,
    "-keyout redis.key -out redis.crt -subj /CN=redis -CA ca.crt -CAkey ca.key " +
      "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE",
  );
  return {
    caFile: join(dir, "ca.crt"),
    certFile: join(dir, "redis.crt"),
    keyFile: join(dir, "redis.key"),
  };
}

const NEW_CERTIFICATE = "req -x509 -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1";

function openssl(cwd: string, options: string): void {
  execFileSync("openssl", `${NEW_CERTIFICATE} ${options}`.split(" "), { cwd, stdio: "pipe" });
}
