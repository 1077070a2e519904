/** Why a peer could not be asked, in words that a person can act on. */
import { ParleyError } from "@parley/sdk";
import { codeOf, messageOf, PeerError } from "../../errors.ts";
import type { Target } from "./target.ts";

/** Nobody that is believed here vouches for the certificate (OpenSSL's names of that). */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "INVALID_CA",
]);
const OUT_OF_TIME = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);
const NO_SUCH_NAME = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"]);

/** That no peer runs. */
export function noPeer(home: string, why?: string): PeerError {
  return new PeerError("no-peer", `no peer is running with the home ${home}${why === undefined ? "" : ` (${why})`}`, {
    nextStep: "Start one: parley start (in a checkout: npm start). One on another machine: --peer ADDRESS.",
  });
}

/** What `cause` means, of a connection to `target` that did not come about. */
export function unreachable(target: Target, cause: unknown): PeerError {
  if (target.home !== undefined) return noPeer(target.home, messageOf(cause));
  const { http, host } = target.address;
  const code = codeOf(cause);
  if (UNTRUSTED.has(code)) return untrusted(http, cause);
  if (OUT_OF_TIME.has(code)) {
    const message = `the certificate of ${http} does not count at this time (${code})`;
    return failed("peer-untrusted", message, "Set the clocks of both machines right, and try again.", cause);
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const nextStep = `Ask it by a name or address that parley trust shows there, or let it be known as ${host}: listen.names.`;
    return failed("peer-untrusted", `the certificate of ${http} is not for ${host}`, nextStep, cause);
  }
  if (NO_SUCH_NAME.has(code)) {
    return failed(
      "unreachable",
      `no machine is known by the name ${host}`,
      "Check the name, or give its address.",
      cause,
    );
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) {
    return failed(
      "unreachable",
      `what answers at ${http} does not speak TLS`,
      "Check that it is a peer's port.",
      cause,
    );
  }
  return failed(
    "unreachable",
    `no peer answers at ${http} (${messageOf(cause)})`,
    "Check the address, that the peer runs (parley status, on its machine), and that listen.local_only is not set there.",
    cause,
  );
}

function untrusted(http: string, cause: unknown): PeerError {
  return failed(
    "peer-untrusted",
    `the certificate of ${http} is vouched for by nobody who is trusted here`,
    "On that machine run: parley trust --out house.pem. Bring the file here, compare the fingerprint with what parley trust " +
      "shows there, and give it with --ca house.pem or PARLEY_CA.",
    cause,
  );
}

function failed(code: "unreachable" | "peer-untrusted", message: string, nextStep: string, cause: unknown): PeerError {
  return new PeerError(code, message, { nextStep, cause });
}

/** A refusal of the peer, with what helps where its token came from here. */
export function refusedBy({ address, home }: Target, error: ParleyError): ParleyError {
  if (error.remoteCode !== "AUTHENTICATION_FAILED" || home !== undefined) return error;
  return new ParleyError("refused", `${address.http} does not know this token: ${error.message}`, {
    nextStep:
      "Check PARLEY_TOKEN or --token-file, and that it is a client of that house: parley client list, there. " +
      "A new token: parley client renew NAME.",
    remoteCode: error.remoteCode,
    cause: error,
  });
}
