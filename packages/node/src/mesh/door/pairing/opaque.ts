/**
 * The proof that both sides know the same code: OPAQUE (RFC 9807) in its ristretto255 and 3DH form, by @serenity-kit/opaque
 * (on opaque-ke, reviewed). The newcomer is OPAQUE's client, the member its server. Names in brackets are the RFC's.
 *
 * What it is used for differs from logging in. The member knows the code, so it makes the registration record
 * (`RegistrationRecord`) for each attempt, with keys of that attempt only, and forgets all of it; nothing is kept that could be
 * stolen and tried against guesses. So key stretching, which makes such theft less useful, would buy nothing and stop the peer
 * for 0.2 s with each stranger's attempt: it is set to its minimum.
 *
 * Why nobody can guess elsewhere what they could not guess here:
 * - who only listens sees KE1, a blinded element that fits every code equally well, KE2, whose credential response is masked
 *   under a key that needs the OPRF's output (`CreateCredentialResponse`, `masked_response`), and MACs under keys of a
 *   Diffie-Hellman exchange;
 * - who plays the newcomer needs the member's OPRF key for each guess, and the member evaluates it once for each attempt
 *   (`CreateCredentialResponse`, `BlindEvaluate`): one guess. It is counted before KE2 is sent, for that is where the guess can
 *   be checked;
 * - who plays the member gets a KE3 only from a newcomer that could open the envelope (`RecoverCredentials`) and check the
 *   server's MAC (`AuthClientFinalize`), that is, for one guess put into KE2; the newcomer's person sees the failure;
 * - who stands between a newcomer and a member has other peer ids than they have. Both ids, the method and the cluster are the
 *   identities in the envelope (`CleartextCredentials`) and in the transcript (`Preamble`), as each side's own connection has
 *   proven them (Noise): the MACs do not fit;
 * - what was recorded does not fit the nonces and key shares of another attempt (`Preamble`).
 * The library offers no `context` of the transcript, so what would stand there is part of the identities.
 */
import type * as Opaque from "@serenity-kit/opaque";
import { invariant } from "../../../errors.ts";
import { misbehaved } from "../protocol/codec.ts";
import type { PairingMethod } from "../protocol/messages.ts";

/** Who pairs with whom, for what: the same on both sides, or the proof fails. */
export interface Parties {
  readonly method: PairingMethod;
  readonly clusterId: string;
  /** Peer id of the newcomer. */
  readonly joiner: string;
  /** Peer id of the member. */
  readonly member: string;
}

/** Name of this use, in every key and identity. */
export const PAIRING_LABEL = "parley-pair-1";

/** The least that Argon2 takes (RFC 9106, "Argon2 Inputs and Outputs"): see above for why. */
const NO_STRETCHING = { "argon2id-custom": { memory: 8, iterations: 1, parallelism: 1 } };

/** There is one credential in a setup that lives for one attempt. */
const CREDENTIAL = "newcomer";

let library: typeof Opaque | undefined;

/**
 * Loads the library; before that nothing below may be called. It takes 16 MB of memory, so a peer that nobody pairs with goes
 * without it.
 */
export async function opaqueReady(): Promise<void> {
  if (library !== undefined) return;
  const loaded = await import("@serenity-kit/opaque");
  await loaded.ready;
  library = loaded;
}

function opaque(): typeof Opaque {
  invariant(library !== undefined, "OPAQUE is loaded before it is used");
  return library;
}

function identitiesOf({ method, clusterId, joiner, member }: Parties): { client: string; server: string } {
  const context = `${PAIRING_LABEL} ${method} ${clusterId}`;
  return { client: `${context} joiner ${joiner}`, server: `${context} member ${member}` };
}

/** The newcomer begins. `state` is secret. */
export function startProof(secret: string): { readonly state: string; readonly start: Uint8Array } {
  const { clientLoginState, startLoginRequest } = opaque().client.startLogin({ password: secret });
  return { state: clientLoginState, start: toBytes(startLoginRequest) };
}

/** The member answers. `state` is secret. @throws PeerError `peer-misbehaved` when `start` is no KE1. */
export function answerProof(
  secret: string,
  parties: Parties,
  start: Uint8Array,
): { readonly state: string; readonly answer: Uint8Array } {
  const { client, server } = opaque();
  const serverSetup = server.createSetup();
  const identifiers = identitiesOf(parties);
  const registering = client.startRegistration({ password: secret });
  const { registrationResponse } = server.createRegistrationResponse({
    serverSetup,
    userIdentifier: CREDENTIAL,
    registrationRequest: registering.registrationRequest,
  });
  const { registrationRecord } = client.finishRegistration({
    password: secret,
    clientRegistrationState: registering.clientRegistrationState,
    registrationResponse,
    identifiers,
    keyStretching: NO_STRETCHING,
  });
  try {
    const { serverLoginState, loginResponse } = server.startLogin({
      serverSetup,
      userIdentifier: CREDENTIAL,
      registrationRecord,
      startLoginRequest: toText(start),
      identifiers,
    });
    return { state: serverLoginState, answer: toBytes(loginResponse) };
  } catch (cause) {
    throw misbehaved("no beginning of a proof", cause);
  }
}

/**
 * The newcomer has checked the member's proof and makes its own; undefined when the proof does not fit, that is with a wrong
 * code on either side or other parties. @throws PeerError `peer-misbehaved` when `answer` is no KE2.
 */
export function finishProof(
  secret: string,
  parties: Parties,
  state: string,
  answer: Uint8Array,
): { readonly finish: Uint8Array; readonly sessionKey: Uint8Array } | undefined {
  const { client } = opaque();
  try {
    const finished = client.finishLogin({
      password: secret,
      clientLoginState: state,
      loginResponse: toText(answer),
      identifiers: identitiesOf(parties),
      keyStretching: NO_STRETCHING,
    });
    if (finished === undefined) return undefined;
    return { finish: toBytes(finished.finishLoginRequest), sessionKey: toBytes(finished.sessionKey) };
  } catch (cause) {
    throw misbehaved("no answer to a proof", cause);
  }
}

/** The session's key when the newcomer's proof fits; undefined when it does not. */
export function checkProof(parties: Parties, state: string, finish: Uint8Array): Uint8Array | undefined {
  const { server } = opaque();
  const identifiers = identitiesOf(parties);
  try {
    return toBytes(
      server.finishLogin({ serverLoginState: state, finishLoginRequest: toText(finish), identifiers }).sessionKey,
    );
  } catch {
    // The library throws for a wrong MAC as for broken bytes: to us both are a proof that fails.
    return undefined;
  }
}

function toBytes(text: string): Uint8Array {
  return Buffer.from(text, "base64url");
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
