/**
 * What a newcomer asks at another peer's door. Each function is given an open stream, and leaves it open for the next unless
 * it fails in the middle of an exchange.
 */
import { errorOf, PeerError } from "../../../errors.ts";
import type { FrameStream } from "../frame-stream.ts";
import { beginPairing } from "../pairing/joiner.ts";
import { opaqueReady, type Parties } from "../pairing/opaque.ts";
import { decode, encode, misbehaved } from "../protocol/codec.ts";
import {
  aboutSchema,
  approvedSchema,
  waitingSchema,
  welcomeSchema,
  type About,
  type Application,
  type PairingMethod,
  type ProofWanted,
} from "../protocol/messages.ts";
import { verdictError } from "../verdict.ts";
import { ask, nextAnswer } from "./answers.ts";

/** How long a newcomer waits for an answer that needs no person, and for one that needs the cluster. */
const ANSWER_MS = 15_000;
const ADMISSION_MS = 30_000;
/** How often a waiting newcomer says that it is still there. */
const STILL_EVERY_MS = 20_000;

/** Version of the door's protocol that this peer speaks. */
const VERSION = 1;

interface Interruptible {
  readonly signal?: AbortSignal | undefined;
}

/**
 * What the other peer lets everybody see. All of it but its peer id is only its word. With the `port` on which this peer
 * listens the other one may return the visit.
 * @throws PeerError `peer-silent`, `peer-misbehaved`, `interrupted`
 */
export async function askAbout(
  stream: FrameStream,
  { signal, port }: Interruptible & { readonly port?: number | undefined } = {},
): Promise<About> {
  const hello = { type: "hello", version: VERSION, ...(port === undefined ? {} : { port }) };
  const { type: _, ...about } = await ask(stream, hello, aboutSchema, { timeoutMs: ANSWER_MS, signal });
  if (about.peerId !== stream.remotePeer) throw misbehaved("another peer's name for its own");
  return about;
}

/**
 * Joins by a code or the join secret.
 * @returns the cluster's welcome, in its own encoding: from a member that has proven that it knows the code
 * @throws PeerError `pairing-failed` when the code is wrong; `pairing-closed`, `pairing-paused` (`details.retryAfterMs`);
 *   `admission-refused`; `admission-unknown` (asking again is safe); `peer-silent`, `peer-misbehaved`, `interrupted`
 */
export async function pairWith(
  stream: FrameStream,
  options: {
    /** This peer's own id. */
    readonly self: string;
    /** The cluster that the other peer said it belongs to; the proof holds for no other. */
    readonly clusterId: string;
    readonly method: PairingMethod;
    /** As `readPairingCode` or `readJoinSecret` gave it. */
    readonly secret: string;
    readonly application: Application;
    /** The other peer has proven that it knows the code, and may let this one in from now on. */
    readonly onProven?: (() => Promise<void>) | undefined;
  } & Interruptible,
): Promise<Uint8Array> {
  const { self, clusterId, method, secret, application, onProven, signal } = options;
  await opaqueReady();
  const parties: Parties = { method, clusterId, joiner: self, member: stream.remotePeer };
  const begun = beginPairing({ parties, secret, application });
  await stream.send(begun.frame);
  const challenge = await nextAnswer(stream, { timeoutMs: ANSWER_MS, signal });
  const verdict = await orAbort(stream, async () => {
    const proven = begun.challenged(challenge);
    await onProven?.();
    await stream.send(proven.frame);
    return proven.judged(await nextAnswer(stream, { timeoutMs: ADMISSION_MS, signal }));
  });
  if (verdict.outcome !== "welcome") throw verdictError(verdict);
  return verdict.welcome;
}

/** What `work` gives. When it fails the other end learns at once that nothing more will come. */
async function orAbort<T>(stream: FrameStream, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    stream.abort(errorOf(error));
    throw error;
  }
}

/**
 * Waits until a person of the cluster approves this peer, which may take days: give it a `signal`. Then this peer's own person
 * decides: `confirm` is asked once, and must have compared the other peer's fingerprint.
 * @returns the cluster's welcome, in its own encoding
 * @throws PeerError as {@link pairWith} does; `interrupted` when this peer's person says no
 */
export async function knockAt(
  stream: FrameStream,
  options: {
    readonly application: Application;
    /** A person's answer; the other peer waits five minutes for it. */
    readonly confirm: () => Promise<boolean>;
    /** The other peer has put this one on its list. */
    readonly onWaiting?: () => void;
    /** Both people have said yes: from now on the other peer may let this one in. */
    readonly onAgreed?: (() => Promise<void>) | undefined;
  } & Interruptible,
): Promise<Uint8Array> {
  const { application, confirm, onWaiting, onAgreed, signal } = options;
  await ask(stream, { type: "knock", application }, waitingSchema, { timeoutMs: ANSWER_MS, signal });
  onWaiting?.();
  const still = stayingThere(stream);
  try {
    return await orAbort(stream, () => agree(stream, { confirm, onAgreed, signal }));
  } finally {
    still.stop();
  }
}

/** From being listed on: the approval, this person's word, the welcome. */
async function agree(
  stream: FrameStream,
  {
    confirm,
    onAgreed,
    signal,
  }: { readonly confirm: () => Promise<boolean>; readonly onAgreed: (() => Promise<void>) | undefined } & Interruptible,
): Promise<Uint8Array> {
  decode(approvedSchema, await nextAnswer(stream, { timeoutMs: MAX_TIMEOUT_MS, signal }));
  const isWanted = await confirm();
  if (!isWanted) {
    await stream.send(encode({ type: "decline" }));
    await stream.close();
    throw new PeerError("interrupted", "this peer's own person did not want to join that cluster", {
      nextStep: "Compare the fingerprints at both peers.",
    });
  }
  await onAgreed?.();
  const accepted = { type: "accept" };
  return (await ask(stream, accepted, welcomeSchema, { timeoutMs: ADMISSION_MS, signal })).welcome;
}

/**
 * The welcome again, for a peer that is a member already.
 * @throws PeerError `admission-refused` when it is none; `revoked` (`details.cluster`); `admission-unknown`, `peer-silent`, `peer-misbehaved`, `interrupted`
 */
export async function askWelcome(
  stream: FrameStream,
  { signal, proof }: Interruptible & { readonly proof?: ProofWanted } = {},
): Promise<Uint8Array> {
  const request = { type: "welcome", ...(proof === undefined ? {} : { proof }) };
  const answer = await ask(stream, request, welcomeSchema, { timeoutMs: ADMISSION_MS, signal });
  return answer.welcome;
}

/** The longest that a timer can wait: 24.8 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Says that this peer is still there, until stopped. */
function stayingThere(stream: FrameStream): { readonly stop: () => void } {
  const timer = setInterval(() => {
    // A stream that has ended is noticed by who waits for the answer.
    stream.send(encode({ type: "still" })).catch(() => clearInterval(timer));
  }, STILL_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
