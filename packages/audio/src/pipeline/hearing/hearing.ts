/**
 * What somebody says, followed while they say it and recognised as a whole in the end, whatever becomes of the engine
 * meanwhile: the captured sound is kept, and is given again to the engine that was started anew, or to another one.
 *
 * Long speech is recognised in pieces that end in pauses: recognisers lose themselves in a minute of it, and what was said
 * before is not to be recognised again with every further sentence.
 */
import type { HearOptions, PartialPolicy, SpeechToText, Transcript } from "../../engines/contracts.ts";
import { abortable } from "../../format/abort.ts";
import type { ConversationClock } from "../converse/contracts.ts";
import { refuseHotWords } from "../../engines/hearing/limits.ts";
import { LivePiece, type SoundBetween } from "./live-piece.ts";
import { patiently } from "./patience.ts";
import { joinHeard, quietestMs, type Heard, type Span } from "./pieces.ts";

/** Who recognises, and how. */
export interface HearingOptions extends Omit<HearOptions, "signal"> {
  readonly partials?: PartialPolicy | undefined;
  /** Sound behind a voice that is fed with it. Default 200. */
  readonly tailMs?: number | undefined;
  /** A piece may end in a pause once it is so long. Default 12,000. */
  readonly pieceMs?: number | undefined;
  /** A piece without a pause is cut where it is quietest. Default 24,000. */
  readonly longestPieceMs?: number | undefined;
}

/** What is being said at the moment. */
export interface Saying extends Span {
  /** End of the last voice in it: silence behind it is not fed, and costs nothing. */
  readonly voicedMs: number;
  /** How far voices were looked for; what was captured may be ahead. */
  readonly heardMs: number;
}

/** A pause that is long enough to cut in, from the last voice on. */
const PAUSE_MS = 320;
/** Where a place is looked for when there is no pause. */
const LOOK_BACK_MS = 6000;
/** A stream whose engine died is started anew after so long, and after twice as long each time it dies again. */
const ANEW_AFTER_MS = 250;
const ANEW_AT_MOST_MS = 8000;
/** Pieces that are remembered: an hour of speech. */
const PIECES_KEPT = 256;

/** Ears' way to a recogniser. */
export class Hearing {
  readonly #stt: SpeechToText;
  readonly #sound: SoundBetween;
  readonly #clock: ConversationClock;
  readonly #options: HearingOptions;
  readonly #tell: (text: string, throughMs: number) => void;
  readonly #over = new AbortController();
  /** Ends of the pieces, in the captured sound. */
  #cuts: number[] = [];
  readonly #pieces = new Map<string, { readonly done: Promise<Heard>; text: string | undefined }>();
  #live: LivePiece | undefined;
  /** The stretch that was recognised last, and may go on. */
  #known: Span | undefined;
  #voicedMs = 0;
  #failures = 0;
  #anewAtMs = 0;

  /**
   * `tell` is told the whole of what was understood so far, up to a place in the captured sound.
   * @throws AudioError `input-refused` for hot words that are none
   */
  constructor(
    stt: SpeechToText,
    sound: SoundBetween,
    clock: ConversationClock,
    options: HearingOptions,
    tell: (text: string, throughMs: number) => void,
  ) {
    refuseHotWords(options.hotWords);
    this.#stt = stt;
    this.#sound = sound;
    this.#clock = clock;
    this.#options = options;
    this.#tell = tell;
  }

  /** Somebody is saying something. Resolves when it is taken in; never rejects. */
  async follow(saying: Saying): Promise<void> {
    const { tailMs = 200 } = this.#options;
    const toMs = Math.min(saying.toMs, saying.voicedMs + tailMs);
    const fromMs = this.#pieceStart(saying.fromMs);
    this.#voicedMs = saying.voicedMs;
    if (this.#live?.fromMs !== fromMs || this.#live.hasFailed) this.#renew(saying, fromMs, toMs);
    const live = this.#live;
    if (live === undefined) return;
    const silenceMs = saying.heardMs - saying.voicedMs;
    // In the first silence the whole is likely to be asked for.
    const fed = live.feed(toMs, silenceMs > 0 && silenceMs < tailMs);
    this.#considerCut(saying, live, toMs);
    await fed;
  }

  /** Nobody follows what is being said any more; what is being understood of it is of no use. */
  drop(): void {
    this.#live?.cancel();
    this.#live = undefined;
  }

  /** It is over: nothing more is recognised. */
  close(): void {
    this.drop();
    this.#over.abort();
    this.#pieces.clear();
  }

  /**
   * All that was said between two places, as text; times count from the start of the captured sound.
   * @throws AudioError as {@link patiently}; `job-cancelled` when `signal` aborts
   */
  async finish(span: Span, signal: AbortSignal): Promise<Transcript> {
    const live = this.#live;
    this.#live = undefined;
    this.#known = span;
    const pieces: Promise<Heard>[] = [];
    let { fromMs } = span;
    let isUsed = false;
    for (const toMs of this.#boundsOf(span)) {
      const piece = { fromMs, toMs };
      const known = this.#pieces.get(nameOf(piece));
      const isLive = known === undefined && live?.fromMs === fromMs && live.fedMs <= toMs;
      isUsed ||= isLive;
      const again = (): Promise<Heard> => this.#recognise(piece, isLive ? live : undefined, signal);
      // A piece whose tries are used up has those of the whole.
      pieces.push(known === undefined ? again() : known.done.catch(again));
      fromMs = toMs;
    }
    if (!isUsed) live?.cancel();
    // All are waited for: none is left behind when one fails.
    const results = await abortable(Promise.allSettled(pieces), signal, "recognising what was said");
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return joinHeard(results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
  }

  /** Where the pieces of a stretch end. Nothing is recognised in the silence behind a cut after the last voice. */
  #boundsOf({ fromMs, toMs }: Span): readonly number[] {
    const cuts = this.#cuts.filter((cut) => cut > fromMs && cut < toMs);
    const last = cuts.at(-1);
    return last !== undefined && last >= this.#voicedMs ? cuts : [...cuts, toMs];
  }

  #pieceStart(fromMs: number): number {
    return this.#cuts.findLast((cut) => cut > fromMs) ?? fromMs;
  }

  /** Another stream, for another piece or because its engine died. */
  #renew(saying: Saying, fromMs: number, toMs: number): void {
    if (this.#live?.fromMs === fromMs && this.#live.hasFailed) {
      this.#anewAtMs = this.#clock.now() + Math.min(ANEW_AT_MOST_MS, ANEW_AFTER_MS * 2 ** this.#failures);
      this.#failures += 1;
    }
    this.#live?.cancel();
    this.#live = undefined;
    const known = this.#known?.fromMs === saying.fromMs ? this.#known.toMs : fromMs;
    const isKnown = toMs <= fromMs || saying.voicedMs <= known;
    if (isKnown || this.#clock.now() < this.#anewAtMs) return;
    const { mode, hotWords, language, partials } = this.#options;
    // What was recognised a moment ago is not decoded again before there is more.
    const options = { mode, hotWords, language, partials, knownMs: Math.max(0, known - fromMs) };
    this.#live = new LivePiece(this.#stt, options, fromMs, this.#sound, (text, throughMs) => {
      this.#failures = 0;
      const before = this.#textBetween(saying.fromMs, fromMs);
      if (before !== undefined) this.#tell([...before, text].join(" "), throughMs);
    });
  }

  /** The pieces of a stretch up to where another begins, as far as all are recognised. */
  #textBetween(fromMs: number, toMs: number): readonly string[] | undefined {
    const texts: string[] = [];
    let startMs = fromMs;
    for (const cut of this.#cuts.filter((each) => each > fromMs && each <= toMs)) {
      const text = this.#pieces.get(nameOf({ fromMs: startMs, toMs: cut }))?.text;
      if (text === undefined) return undefined;
      if (text !== "") texts.push(text);
      startMs = cut;
    }
    return texts;
  }

  #considerCut({ toMs, voicedMs }: Saying, live: LivePiece, fedMs: number): void {
    const { pieceMs = 12_000, longestPieceMs = 24_000 } = this.#options;
    const { fromMs } = live;
    if (toMs - voicedMs >= PAUSE_MS && fedMs - fromMs >= pieceMs && live.fedMs === fedMs) {
      this.#cut({ fromMs, toMs: fedMs }, live);
    } else if (fedMs - fromMs >= longestPieceMs) {
      const backMs = Math.min(LOOK_BACK_MS, (fedMs - fromMs) / 2);
      const cut = Math.round(fedMs - backMs + quietestMs(this.#sound(fedMs - backMs, fedMs)));
      live.cancel();
      this.#cut({ fromMs, toMs: Math.min(cut, fedMs) }, undefined);
    }
  }

  /** A piece is complete, and is recognised while the next one is said. */
  #cut(span: Span, live: LivePiece | undefined): void {
    this.#live = undefined;
    this.#cuts = [...this.#cuts, span.toMs].slice(-PIECES_KEPT);
    const name = nameOf(span);
    const piece = { done: this.#recognise(span, live, this.#over.signal), text: undefined as string | undefined };
    this.#pieces.set(name, piece);
    const [oldest] = this.#pieces.keys();
    if (this.#pieces.size > PIECES_KEPT && oldest !== undefined) this.#pieces.delete(oldest);
    piece.done.then(
      ({ transcript }) => {
        piece.text = transcript.text.trim();
      },
      // Whoever finishes the stretch tries again, with a patience of its own.
      () => this.#pieces.delete(name),
    );
  }

  async #recognise(span: Span, live: LivePiece | undefined, signal: AbortSignal): Promise<Heard> {
    const { fromMs, toMs } = span;
    // Held here: the recorder forgets what is long past.
    const sound = this.#sound(fromMs, toMs);
    const { mode, hotWords, language } = this.#options;
    const transcript = await patiently(
      async (attempt, own) => {
        if (attempt === 0 && live !== undefined) return await live.end(toMs, own);
        return await this.#stt.transcribe(sound, { mode, hotWords, language, signal: own });
      },
      { lengthMs: toMs - fromMs, clock: this.#clock, signal },
    );
    return { fromMs, toMs, transcript };
  }
}

function nameOf({ fromMs, toMs }: Span): string {
  return `${fromMs}-${toMs}`;
}
