/** Settings of commands that ask a peer on another machine. */
import { section, setting, text } from "./setting.ts";
import { readPeerAddress } from "./peer-address.ts";

export const clientSection = section(
  "Which peer commands such as ask, status and settings talk to, where that is not the one that runs with this home. " +
    "Its token is never a setting: PARLEY_TOKEN holds it, or a file does.",
  {
    peer: setting(
      text().refine((address) => address === "" || readPeerAddress(address) !== undefined),
      {
        meaning:
          "The peer that commands ask. Other machines are asked over TLS. Empty: the one that runs with this home.",
        allowed:
          "an address such as kitchen.local, 192.168.1.7:8765, https://parley.example.org or wss://[fd00::7]:8765",
        default: "",
        env: "PARLEY_PEER",
        flag: "--peer <address>",
      },
    ),
    token_file: setting(text(), {
      meaning: "A file with the token that the peer knows this client by (parley client add NAME shows it, once).",
      allowed: "text that names a file",
      default: "",
      path: true,
      env: "PARLEY_TOKEN_FILE",
      flag: "--token-file <file>",
    }),
    ca: setting(text(), {
      meaning:
        "A file with the certificate of that house's authority in PEM (parley trust --out FILE, on one of its machines), " +
        "trusted beside what this machine trusts.",
      allowed: "text that names a file",
      default: "",
      path: true,
      env: "PARLEY_CA",
      flag: "--ca <file>",
    }),
  },
);
