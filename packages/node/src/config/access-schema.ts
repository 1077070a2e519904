/** Settings of where clients reach a peer: address and port, names, proxies, certificates, and pages of other origins. */
import { BlockList, isIP, isIPv4 } from "node:net";
import * as z from "zod";
import { itemsOf } from "./cluster-schema.ts";
import { nonEmpty, section, setting, text, whole } from "./setting.ts";

const list = (isItem: (item: string) => boolean) => text().refine((items) => itemsOf(items).every(isItem));

/** RFC 1123, section 2.1, in lower or upper case. */
export function isHostName(name: string): boolean {
  if (name.length > 253 || isIP(name) !== 0) return false;
  return name.split(".").every((label) => /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(label));
}

/** True for an address that only this machine can reach. */
export function isOwnMachine(address: string): boolean {
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}

/** The address, and of a network how many of its bits count. */
function networkOf(
  item: string,
): { readonly address: string; readonly bits: number; readonly family: 4 | 6 } | undefined {
  const [address = "", bits, ...more] = item.split("/");
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || more.length > 0) return undefined;
  const most = family === 4 ? 32 : 128;
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most)) return undefined;
  return { address, bits: bits === undefined ? most : Number(bits), family };
}

/** Scheme, host and port, as browsers write them into the Origin header. */
function isOrigin(item: string): boolean {
  if (!/^https?:\/\//.test(item) || !URL.canParse(item)) return false;
  return new URL(item).origin === item;
}

export const listenSection = section("Where clients reach this peer. Other machines do over TLS, and with a token.", {
  host: setting(
    nonEmpty().refine((address) => isIP(address) !== 0 || address === "localhost"),
    {
      meaning:
        "The address to listen on for clients. Whatever it is, programs on this machine reach the peer at loopback as well, " +
        "there without TLS too; 127.0.0.1 keeps all other machines out.",
      allowed: "an IP address of this machine, 0.0.0.0 for all of IPv4, :: for all, or localhost",
      default: "0.0.0.0",
      flag: "--host <address>",
    },
  ),
  port: setting(whole(0, 65_535), {
    meaning: "The port to listen on; 0 takes any free one.",
    default: 8765,
    flag: "--port <port>",
  }),
  local_only: setting(z.boolean(), {
    meaning: "Whether only programs on this machine reach the peer, whatever listen.host says.",
    default: false,
    flag: "--local-only",
  }),
  names: setting(
    list((item) => isHostName(item) || isIP(item) !== 0),
    {
      meaning:
        "Other names and addresses that clients know this peer by, such as a proxy's or a router's, with commas between " +
        "them: they stand in its certificate, and it answers to them.",
      allowed: 'a list such as "parley.example.org, 203.0.113.7"',
      default: "",
    },
  ),
  proxies: setting(
    list((item) => networkOf(item) !== undefined),
    {
      meaning:
        "Reverse proxies, by address or network, with commas between them: of those, and of nobody else, it is believed " +
        "for whom they ask (X-Forwarded-For, X-Forwarded-Proto).",
      allowed: 'a list such as "127.0.0.1, 192.168.1.0/24"',
      default: "",
    },
  ),
});

export const tlsSection = section(
  "What this peer shows to clients that ask who it is. Empty: a certificate of the house's own authority (parley trust).",
  {
    certificate: setting(text(), {
      meaning: "A file with a certificate of your own in PEM, those behind it after it. Read again when it changes.",
      allowed: "text that names a file",
      default: "",
      path: true,
      flag: "--tls-certificate <file>",
    }),
    key: setting(text(), {
      meaning: "A file with that certificate's private key in PEM, without a passphrase.",
      allowed: "text that names a file",
      default: "",
      path: true,
      flag: "--tls-key <file>",
    }),
  },
);

export const corsSection = section("Web pages that are not this peer's own.", {
  origins: setting(list(isOrigin), {
    meaning:
      "Origins whose pages may talk to this peer, with commas between them; they need a token all the same. Empty: none.",
    allowed: 'a list such as "https://claude.ai, https://chat.openai.com", each as browsers write it: no path, no *',
    default: "",
  }),
});

/** Of a list of addresses and networks: whether an address is among them, in whatever form it is written. */
export function networksOf(items: string): (address: string) => boolean {
  const networks = new BlockList();
  for (const item of itemsOf(items)) {
    const network = networkOf(item);
    if (network !== undefined)
      networks.addSubnet(network.address, network.bits, network.family === 4 ? "ipv4" : "ipv6");
  }
  return (address) => {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && networks.check(plain, family === 4 ? "ipv4" : "ipv6");
  };
}

/** An IPv4 address without the form that it has on a socket of IPv6 (RFC 4291, section 2.5.5.2), and without a zone. */
export function plainAddress(address: string): string {
  const [plain = ""] = address.split("%");
  return plain.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}
