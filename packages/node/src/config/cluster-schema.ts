/** Settings of the mesh and the cluster. */
import { isIP } from "node:net";
import * as z from "zod";
import { nonEmpty, section, setting, text, whole } from "./setting.ts";

/** What a peer may be asked to do. `all` stands for all of them. */
export const ROLES = ["all", "stt", "tts", "llm", "rag", "corpus", "client", "jack_performance"] as const;
export type Role = (typeof ROLES)[number];

/** The items of a list that is written as text, with commas or blanks between them. */
export function itemsOf(list: string): readonly string[] {
  return list.split(/[\s,]+/).filter((item) => item !== "");
}

/** A known role. */
export function isRole(item: string): item is Role {
  return ROLES.some((role) => role === item);
}

/** `host`, `host:port`, `[IPv6]:port`, a bare IPv6 address, or a multiaddr. */
function isAddress(item: string): boolean {
  if (item.startsWith("/")) return /^(\/[\w.:%-]+)+$/.test(item);
  if (isIP(item) === 6) return true;
  return /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(item);
}

export const meshSection = section(
  "Where other peers reach this one. All of it is encrypted; strangers get no further than the door.",
  {
    host: setting(
      nonEmpty().refine((address) => isIP(address) !== 0),
      {
        meaning: "The address to listen on for other peers.",
        allowed: "an IP address of this machine, 0.0.0.0 for all of IPv4, or :: for all",
        default: "0.0.0.0",
        flag: "--mesh-host <address>",
      },
    ),
    port: setting(whole(0, 65_535), {
      meaning:
        "The port to listen on for other peers; 0 takes any free one, and so does the default where another program has it.",
      default: 8766,
      flag: "--mesh-port <port>",
    }),
  },
);

export const clusterSection = section("Which peers this one works together with.", {
  // The source documents have it off (config/profiles/alone.toml). Here starting a peer on each host and typing one code on
  // each newcomer is all that a cluster takes, with no file edited; until a code is typed nobody gets further than the door.
  enabled: setting(z.boolean(), {
    meaning: "Whether this peer looks for others and listens for them; without, everything stays on this machine.",
    default: true,
    flag: "--no-cluster",
  }),
  discovery: setting(z.enum(["mdns", "static", "off"]), {
    meaning:
      "How others are found: mdns calls out and listens on the local network, and asks those of cluster.join as well; " +
      "static asks those of cluster.join and nobody else; off looks for nobody.",
    default: "mdns",
    flag: "--discovery <mode>",
  }),
  join: setting(
    text().refine((list) => itemsOf(list).every(isAddress)),
    {
      meaning: "Addresses of peers to ask, with commas between them; a port that is left out is 8766.",
      allowed: 'a list such as "kitchen.local, 192.168.1.7:8766, /dns4/attic.lan/tcp/8766"',
      default: "",
      flag: "--join <addresses>",
    },
  ),
  timing: setting(z.enum(["lan", "patient"]), {
    meaning:
      "How fast a lost prime is replaced: lan adapts to the network and takes well under a second; patient has a " +
      "heartbeat of 5 s and an election after 15 s.",
    default: "lan",
  }),
  advertise: setting(z.enum(["brief", "full"]), {
    meaning:
      "What strangers may see of this peer: brief is name, cluster, version, whether pairing is open, and kinds of " +
      "service; full adds models, load and platform.",
    default: "brief",
  }),
  roles: setting(
    text().refine((list) => itemsOf(list).length > 0 && itemsOf(list).every(isRole)),
    {
      meaning:
        "What this peer does for the cluster, with commas between several; what it is not there for, it brings up only " +
        "when a client of its own asks and nobody else in the house has it.",
      allowed: `one or more of ${ROLES.join(", ")}`,
      default: "all",
      flag: "--roles <roles>",
    },
  ),
  power: setting(z.enum(["auto", "mains", "battery"]), {
    meaning:
      "Whether this machine runs on a battery: then it votes only where the others cannot do without it, and gives that " +
      "up before it sleeps. auto looks.",
    default: "auto",
  }),
  drain_seconds: setting(whole(0, 600), {
    meaning:
      "How long this peer, told to stop, may take to hand over its sessions and clients to the others; 0: it stops at once. " +
      "A second Ctrl-C ends it at once as well.",
    default: 4,
  }),
  join_secret_file: setting(text(), {
    meaning:
      "A file that holds the join secret, which lets peers in without a pairing code; PARLEY_JOIN_SECRET may hold the " +
      "secret itself instead. Empty: only people let peers in.",
    allowed: "text that names a file",
    default: "",
    path: true,
    env: "PARLEY_JOIN_SECRET_FILE",
  }),
});
