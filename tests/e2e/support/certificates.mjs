// A certificate authority of the test's own, and server certificates signed by it, made with the openssl command.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export class Authority {
  constructor() {
    this.dir = mkdtempSync(path.join(tmpdir(), "eventrelay-ca-"));
    process.on("exit", () => rmSync(this.dir, { recursive: true, force: true }));
    this.file = path.join(this.dir, "ca.pem");
    this.#openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                  "-subj", "/CN=EventRelay test authority", "-keyout", "ca.key", "-out", "ca.pem");
  }

  /// names: what the certificate is for, as "DNS:localhost" or "IP:127.0.0.1". Returns { key, cert }.
  issue(...names) {
    writeFileSync(path.join(this.dir, "names.cnf"), `subjectAltName=${names.join(",")}\n`);
    this.#openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=receiver",
                  "-keyout", "server.key", "-out", "server.csr");
    this.#openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                  "-days", "2", "-extfile", "names.cnf", "-out", "server.pem");
    const read = (name) => readFileSync(path.join(this.dir, name));
    return { key: read("server.key"), cert: read("server.pem") };
  }

  #openssl(...args) {
    execFileSync("openssl", args, { cwd: this.dir, stdio: "pipe" });
  }
}
