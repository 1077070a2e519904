/** WebSockets on Node that trust a house's own certificate authority: the platform's own cannot be told of one. */
import { X509Certificate } from "node:crypto";
import type * as Ws from "ws";
import type { OpenSocket } from "../client/link/socket.ts";
import { ParleyError } from "../errors.ts";

/** What certificates are believed. */
export interface TrustOptions {
  /** Certificates of authorities, PEM: the house's is shown by `parley trust`. Node's own list when absent. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

/**
 * Sockets of the package `ws`, which has to be there. Unlike the platform's they can also be ended when the peer is silent.
 * @throws ParleyError `cannot-connect` when it is not installed, or `ca` holds no certificate
 */
export async function trustingSockets({ ca }: TrustOptions): Promise<OpenSocket> {
  const { WebSocket } = await loadWs();
  const list = ca === undefined ? undefined : [ca].flat();
  list?.forEach(certificateIn);
  const options: Ws.ClientOptions = { perMessageDeflate: false, ...(list === undefined ? {} : { ca: list }) };
  return (url) => new WebSocket(url, options);
}

/** Node passes over what it cannot read, and then trusts nobody. */
function certificateIn(pem: string | Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ParleyError("cannot-connect", "ca holds no certificate in PEM", {
      nextStep: "Give the text of the file that parley trust --out house.pem writes on a peer.",
      cause,
    });
  }
}

async function loadWs(): Promise<typeof Ws> {
  try {
    return await import("ws");
  } catch (cause) {
    throw new ParleyError("cannot-connect", "a certificate of one's own needs the package ws, which is not installed", {
      nextStep: "npm install ws; or trust the certificate for the whole process with NODE_EXTRA_CA_CERTS=FILE.",
      cause,
    });
  }
}
