import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Makes an authority `ca-key.pem`, `ca.pem` in a folder. */
export async function makeAuthority(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await openssl(folder, "ecparam -name prime256v1 -genkey -noout -out ca-key.pem");
  await openssl(folder, "req -x509 -key ca-key.pem -out ca.pem -days 2 -subj /CN=authority");
}

/**
 * Makes a folder with `ca.pem`, `cert.pem` and `key.pem`: a certificate for servers and clients,
 * signed by an authority.
 *
 * @param names subject alternative names, e.g. `IP:127.0.0.1`
 */
export async function makeCertificate(
  authority: string,
  folder: string,
  names: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ["ca.pem", "ca-key.pem"]) {
    await copyFile(join(authority, name), join(folder, name));
  }
  const extensions = `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`;
  await writeFile(join(folder, "extensions"), extensions);
  await openssl(folder, "ecparam -name prime256v1 -genkey -noout -out key.pem");
  await openssl(folder, "req -new -key key.pem -out request.pem -subj /CN=test");
  await openssl(
    folder,
    "x509 -req -in request.pem -days 2 -extfile extensions -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out cert.pem",
  );
}

async function openssl(folder: string, command: string): Promise<void> {
  await run("openssl", command.split(" "), { cwd: folder });
}
