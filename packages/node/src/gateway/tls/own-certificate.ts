/** A certificate that a person gives this peer, in files that may change while it runs. */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Config } from "../../config/index.ts";
import { codeOf, messageOf, PeerError } from "../../errors.ts";

/** What a TLS server shows, and proves that it is; PEM. */
export interface Shown {
  /** The certificate, and those behind it. */
  readonly certificate: string;
  readonly key: string;
}

export type OwnCertificateFiles = Config["tls"];

/** Far above any honest chain. */
const MAX_BYTES = 1024 * 1024;

/** Whether one is given. @throws PeerError `config-invalid` when only half of it is */
export function hasOwnCertificate({ certificate, key }: OwnCertificateFiles): boolean {
  if ((certificate === "") === (key === "")) return certificate !== "";
  const missing = certificate === "" ? "tls.certificate" : "tls.key";
  const given = certificate === "" ? "tls.key" : "tls.certificate";
  throw new PeerError("config-invalid", `${given} is given, and ${missing} is not`, {
    nextStep: `Give both, or neither: then the certificate comes from the house's own authority (parley trust).`,
  });
}

/**
 * What the two files hold, checked to belong together.
 * @throws PeerError `config-invalid`, saying which file is wrong, and how
 */
export async function readOwnCertificate(files: OwnCertificateFiles): Promise<Shown> {
  const [certificate, key] = await Promise.all([
    read("tls.certificate", files.certificate),
    read("tls.key", files.key),
  ]);
  const [first = ""] = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(certificate) ?? [];
  if (first === "") throw wrong(files.certificate, "holds no certificate in PEM");
  const read509 = parsed(
    files.certificate,
    "holds a certificate that cannot be read",
    () => new X509Certificate(first),
  );
  if (/ENCRYPTED/.test(key)) throw wrong(files.key, "is locked by a passphrase, and nobody is there to type it");
  const privateKey: KeyObject = parsed(files.key, "holds no private key in PEM", () => createPrivateKey(key));
  if (!read509.checkPrivateKey(privateKey)) {
    throw wrong(files.key, `does not belong to the certificate in ${files.certificate}`);
  }
  // What is left that TLS may not like: a chain that is cut, a key that is too short.
  parsed(files.certificate, "cannot be used for TLS", () => createSecureContext({ cert: certificate, key }));
  return { certificate, key };
}

/** What a person should know of it though it is used; undefined: nothing. */
export function worryAbout({ certificate }: Pick<Shown, "certificate">, nowMs: number): string | undefined {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  if (nowMs > validToDate.getTime()) return `it ended on ${validToDate.toISOString().slice(0, 10)}: clients refuse it`;
  if (nowMs < validFromDate.getTime()) return `it counts from ${validFromDate.toISOString().slice(0, 10)} on, not now`;
  return undefined;
}

async function read(setting: string, path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_BYTES) throw new RangeError(`it has ${bytes.length} bytes`);
    return bytes.toString("latin1");
  } catch (cause) {
    throw new PeerError("config-invalid", `${setting}: ${path} cannot be read (${codeOf(cause) || messageOf(cause)})`, {
      nextStep: "Check the path, and that the user who runs the peer may read the file.",
      cause,
    });
  }
}

function parsed<T>(path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw wrong(path, `${what} (${messageOf(cause)})`, cause);
  }
}

function wrong(path: string, why: string, cause?: unknown): PeerError {
  return new PeerError("config-invalid", `${path} ${why}`, {
    nextStep:
      "Give a PEM file with the certificate and those behind it as tls.certificate, and its private key as tls.key; " +
      "or neither: then the certificate comes from the house's own authority.",
    cause,
  });
}
