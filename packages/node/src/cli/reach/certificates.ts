/** Whose certificates a command believes: this machine's own list, this home's house, and what a person has named. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import { homePaths, type Config } from "../../config/index.ts";
import { codeOf, PeerError } from "../../errors.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";

/**
 * PEM, one certificate each. A home's authority vouches for its own house only: to believe it costs nothing where the peer is
 * another's.
 * @throws PeerError `config-invalid` for a file of `client.ca` that cannot be read, or holds no certificate
 */
export async function believed({ home, client }: Pick<Config, "home" | "client">): Promise<readonly string[]> {
  const [own, named] = await Promise.all([
    // Who has no peer here has no such file.
    certificatesOf(homePaths(home).caCertificate).catch(() => []),
    client.ca === ""
      ? []
      : certificatesOf(client.ca).catch((cause: unknown) => Promise.reject(unusable(client.ca, cause))),
  ]);
  // The system's list is what `parley trust` lets people add a house to.
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system"), ...own, ...named])];
}

async function certificatesOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8");
  const found = text.split(BEGIN).slice(1);
  if (found.length === 0) throw new Error("it holds no certificate");
  return found.map((rest) => new X509Certificate(BEGIN + rest).toString());
}

function unusable(file: string, cause: unknown): PeerError {
  const code = codeOf(cause);
  const why =
    code === "ENOENT" || code === "EACCES" || code === "EISDIR"
      ? `cannot be read (${code})`
      : "holds no certificate in PEM";
  return new PeerError("config-invalid", `the file ${file} ${why}`, {
    nextStep:
      "Give the one that parley trust --out FILE has written on a machine of the house: --ca FILE or PARLEY_CA.",
    cause,
  });
}
