/** An engine of another peer, as those who move work see it: asked with a message, read as a stream of checked items. */
import type { ActorSystem } from "@parley/actors";
import { AudioError, type AudioErrorCode } from "@parley/audio";
import { PeerError } from "../../../errors.ts";
import { knowsPacked, OWN_JOB_VERSIONS, type Advert, type Capability, type Load } from "../../../routing/index.ts";
import { itemsOf, type SoundItem, type SoundManner } from "../sound.ts";
import {
  ANSWER_WINDOW,
  readItem,
  type AnswerItem,
  type JobMessage,
  type PackedItem,
  type SoundRef,
  type WayBack,
} from "../wire.ts";

/** Longer than any wait of whoever reads: those look at signs of life themselves. */
const IDLE_MS = 3_600_000;
const ASK_MS = 5_000;

/** What an engine elsewhere may fail with; anything else is a failure of that engine. */
const CODES: readonly AudioErrorCode[] = [
  "audio-too-long",
  "audio-empty",
  "engine-start-failed",
  "engine-crashed",
  "engine-stalled",
  "engine-out-of-memory",
  "engine-busy",
  "engine-failed",
  "engine-closed",
  "job-timed-out",
  "input-refused",
  "model-missing",
];

/** It has more to do than was known here: with its load as it is, another may be better. */
export class Busier extends AudioError {
  readonly load: Load;
  /** Whether it would take the job all the same, if nobody else is better. */
  readonly mayCome: boolean;

  constructor(why: "full" | "late" | "busier", load: Load) {
    super("engine-busy", "that engine has as much to do as it takes", { nextStep: "Try again in a moment." });
    this.load = load;
    this.mayCome = why === "busier";
  }
}

/** Where a peer's engine lives. */
export function addressOf(peer: string, kind: Capability): string {
  return `parley://${peer}/services/${kind}`;
}

/** What an engine says of a job that it does. */
export type Said = Exclude<AnswerItem, PackedItem | { readonly type: "failed" | "refused" }>;

/** Whether a peer that offers this takes packed sound, and makes it where it is asked to. */
export function takesPacked({ jobs = OWN_JOB_VERSIONS }: Advert): boolean {
  return knowsPacked(jobs);
}

/**
 * Gives a job to an engine of another peer, and reads what it says, signs of life too.
 * @throws ActorError when that peer is lost; AudioError, PeerError as the engine failed
 */
export async function* askEngine(
  system: ActorSystem,
  where: { readonly peer: string; readonly kind: Capability },
  make: (back: WayBack) => JobMessage,
  signal: AbortSignal,
): AsyncGenerator<Said> {
  const engine = system.resolve<JobMessage>(addressOf(where.peer, where.kind));
  const options = { timeoutMs: ASK_MS, idleTimeoutMs: IDLE_MS, window: ANSWER_WINDOW, signal };
  const asked = (replyTo: WayBack["replyTo"], open: () => WayBack["answer"]) => make({ replyTo, answer: open() });
  for await (const value of engine.stream<AnswerItem>(asked, options)) {
    const item = itemOf(value);
    if (item.type === "failed") throw failureOf(item);
    if (item.type === "refused") throw new Busier(item.why, item.load);
    yield item;
  }
}

/** Sound as a stream that the peer of that advert may read. Ends with `signal`. */
export function offerSound(
  { system, advert }: { readonly system: ActorSystem; readonly advert: Advert },
  sound: AsyncIterable<Float32Array>,
  signal: AbortSignal,
  mayBeLast: (block: Float32Array) => boolean = () => false,
): SoundRef {
  const isPacked = takesPacked(advert);
  const manner = (block: Float32Array): SoundManner => ({ isPacked, mayBeLast: mayBeLast(block) });
  return system.offerStream(asItems(sound, manner), { idleTimeoutMs: IDLE_MS, signal });
}

/** Not a generator: closing one is held up by a read that waits. */
function asItems(
  sound: AsyncIterable<Float32Array>,
  manner: (block: Float32Array) => SoundManner,
): AsyncIterable<SoundItem> {
  const from = sound[Symbol.asyncIterator]();
  let items: Iterator<SoundItem, undefined> | undefined;
  const iterator: AsyncIterator<SoundItem, undefined> = {
    next: async () => {
      for (;;) {
        const item = items?.next();
        if (item?.done === false) return item;
        const result = await from.next();
        if (result.done === true) return { done: true, value: undefined };
        items = itemsOf(result.value, manner(result.value));
      }
    },
    return: async () => {
      await from.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** @throws AudioError `engine-failed` */
function itemOf(value: unknown): ReturnType<typeof readItem> {
  try {
    return readItem(value);
  } catch (cause) {
    throw new AudioError("engine-failed", "another peer's engine said what makes no sense", {
      nextStep: "Check that all peers run the same version.",
      cause,
    });
  }
}

function failureOf({ code, message, nextStep }: AnswerItem & { readonly type: "failed" }): Error {
  if (code === "provider-failed") return new PeerError("provider-failed", message, { nextStep });
  const known = CODES.find((each) => each === code);
  // That the job was cancelled there, and by nobody here, is a failure of that peer.
  return new AudioError(known ?? "engine-failed", message, { nextStep });
}
