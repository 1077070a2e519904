/** What a QR code beside the pairing code says, so that a newcomer's person need not type. */
import { renderUnicodeCompact } from "uqr";
import { readPairingCode } from "./pairing-code.ts";

/** Where to knock, and with which code. */
export interface Invitation {
  /** Without dashes. */
  readonly code: string;
  /** Of the member that opened the window. */
  readonly peerId: string;
  /** Multiaddrs, best first; at most {@link MAX_ADDRESSES} are carried. */
  readonly addresses: readonly string[];
}

/** More would make a code that no phone reads off a terminal. */
export const MAX_ADDRESSES = 4;
const MAX_TEXT = 1024;
const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{32,64}$/;
const ADDRESS = /^\/[\w./:%-]{1,127}$/;

/** `parley:pair?code=…&peer=…&at=…&at=…` */
export function invitationText({ code, peerId, addresses }: Invitation): string {
  const query = new URLSearchParams({ code, peer: peerId });
  for (const address of addresses.slice(0, MAX_ADDRESSES)) query.append("at", address);
  // A slash needs no escape in a query (RFC 3986 section 3.4), and three signs less each make a smaller picture.
  return `parley:pair?${query.toString().replaceAll("%2F", "/").replaceAll("%3A", ":")}`;
}

/** What was scanned; undefined when it is no invitation. */
export function readInvitation(text: string): Invitation | undefined {
  const [scheme, query] = text.length <= MAX_TEXT ? text.trim().split("?", 2) : [];
  if (scheme?.toLowerCase() !== "parley:pair" || query === undefined) return undefined;
  const fields = new URLSearchParams(query);
  const code = readPairingCode(fields.get("code") ?? "");
  const peerId = fields.get("peer") ?? "";
  const addresses = fields.getAll("at").slice(0, MAX_ADDRESSES);
  if (code === undefined || !PEER_ID.test(peerId) || !addresses.every((address) => ADDRESS.test(address)))
    return undefined;
  return { code, peerId, addresses };
}

/** The invitation as a QR code for a terminal, two rows of it in each line. */
export function drawInvitation(invitation: Invitation): string {
  return renderUnicodeCompact(invitationText(invitation), { ecc: "L", border: 2 });
}
