/** What tests of TLS share: authorities, clients that trust them or not, and raw connections. */
import { once } from "node:events";
import { request, type RequestOptions } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type PeerCertificate, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { generateKeyPairSync } from "node:crypto";
import { foundAuthority, type Authority } from "../../../src/gateway/tls/authority.ts";
import type { Kept } from "../../../src/gateway/tls/home-authority.ts";
import type { Shown } from "../../../src/gateway/tls/own-certificate.ts";
import { peerCertificate, pemOf } from "../../../src/gateway/tls/x509.ts";

export const DAY_MS = 86_400_000;
/** In the middle of nowhere. */
export const NOON_MS = Date.UTC(2027, 5, 1, 12);

/** A home that keeps an authority in memory. */
export class MemoryHome {
  kept: Kept | undefined;
  writes = 0;
  readonly publicPath = "/home/ca.pem";

  async read(): Promise<Kept | undefined> {
    return this.kept;
  }

  async write(kept: Kept): Promise<void> {
    this.kept = kept;
    this.writes += 1;
  }
}

/** A certificate of `authority` for `names`, as it is shown. */
export async function shownBy(authority: Authority, names: readonly string[], nowMs = Date.now()): Promise<Shown> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const validity = { notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + DAY_MS };
  const certificate = await peerCertificate({ commonName: "test", publicKey, names }, authority, validity);
  return {
    certificate: [certificate, ...authority.bridges].map(pemOf).join(""),
    key: String(privateKey.export({ format: "pem", type: "pkcs8" })),
  };
}

/** Credentials that a test exchanges. */
export class TestCredentials {
  #shown: Shown;
  readonly #watchers = new Set<() => void>();

  constructor(shown: Shown) {
    this.#shown = shown;
  }

  static async of(names: readonly string[], authority?: Authority): Promise<TestCredentials> {
    return new TestCredentials(await shownBy(authority ?? (await foundAuthority(Date.now())), names));
  }

  async current(): Promise<Shown> {
    return this.#shown;
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  show(shown: Shown): void {
    this.#shown = shown;
    for (const changed of this.#watchers) changed();
  }
}

/** What a client that trusts `ca` alone sees of a server; rejects with the reason why it does not trust it. */
export function seenBy(port: number, options: ConnectionOptions & { readonly ca: string }): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", ...options }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

export interface HttpsAnswer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Asks over HTTPS. */
export function ask(
  port: number,
  path: string,
  options: RequestOptions & { readonly ca: string },
): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, agent: false, ...options }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** A bare connection, which ends with the test. */
export async function bare(port: number, host = "127.0.0.1"): Promise<Socket> {
  const socket = connectTcp(port, host);
  onTestFinished(() => void socket.destroy());
  // Whoever is shown out may be so in the middle of a word.
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** All that comes until the other side has ended it. */
export async function heardFrom(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("latin1");
}
