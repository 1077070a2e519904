/** What of a conversation's microphone another peer would have to hear: what is being said and was not answered yet. Pure. */
import type { TalkEvent, TalkKey } from "../../protocol/talk.ts";
import { samplesUntil, type Said } from "./course.ts";

/** Before what a peer tells of: it was a little behind, and speech had begun before. */
const BEFORE_SAMPLES = samplesUntil(2_000);
/** A peer that is cut off from those who hear, or stands still, is known to be so within that time: meanwhile nobody may have heard anything. */
const UNNOTICED_SAMPLES = samplesUntil(6_000);
/** No utterance is longer; a peer that listens for longer hears nobody. */
const LONGEST_SAMPLES = samplesUntil(60_000);
/** Of one utterance. */
const MOST_KEYS = 16;

/** The person has finished, for certain. */
const CERTAIN: ReadonlySet<string> = new Set(["processing", "responding", "speaking"]);

/** Only who listens tells of these: an answer may be spoken on by somebody who does not. */
const LISTENS: ReadonlySet<TalkEvent["type"]> = new Set(["state", "wake", "partial", "question", "turn"]);

/** What comes with our own voice. */
const SOUNDS: ReadonlySet<TalkEvent["type"]> = new Set(["reply", "timing", "reply-end", "stop", "turn"]);

/** A key, and where in the microphone's whole sound. */
export interface KeyAt {
  readonly key: TalkKey;
  readonly at: number;
}

export class Utterance {
  /** Where what is being said begins, and in which turn. */
  #open: { readonly turn: number | undefined; readonly at: number } | undefined;
  /** Where the question that is being answered was complete. */
  #asked = 0;
  /** Where the sound began that was given to a peer of which nothing was heard since. */
  #unheard: number | undefined;
  /** What a peer was given at once, and until where in the sound that peer may still be hearing it. */
  #backlog: { readonly from: number; readonly until: number } | undefined;
  /** Before it all was answered. */
  #settled = 0;
  /** Before it, a microphone that hears the loudspeaker has our own voice. */
  #ours = 0;
  /** All of the reply was heard: what came since is not ours, though its turn may not have ended yet. */
  #isSilent = false;
  #keys: KeyAt[] = [];
  /** The turn whose answer has begun and not ended. */
  #answering: number | undefined;
  /** What was asked last, and whether it is certain that all of it was said. */
  #question: { readonly turn: number; readonly text: string; readonly id: string | undefined } | undefined;
  #certain = 0;

  /** The turn of which something of the answer was given out. */
  get answering(): number | undefined {
    return this.#answering;
  }

  /** The turn that has no end yet and of which the whole question is known. */
  get asked(): { readonly turn: number; readonly text: string; readonly id: string | undefined } | undefined {
    const question = this.#question;
    if (question === undefined) return undefined;
    return question.turn === this.#answering || question.turn === this.#certain ? question : undefined;
  }

  /** Keys that belong to what is being said. */
  get keys(): readonly KeyAt[] {
    return this.#keys;
  }

  key(key: KeyAt): void {
    if (this.#keys.length < MOST_KEYS) this.#keys.push(key);
  }

  /**
   * A peer is given the microphone's sound from there on; until it tells of what it hears, nobody knows that it listens. Of what was said
   * before, it tells later than it was said.
   * @param sent samples that there are by now
   */
  given(from: number, sent = from): void {
    this.#unheard = from;
    this.#backlog = sent > from ? { from, until: sent + UNNOTICED_SAMPLES } : undefined;
  }

  /** @param event with its turn and times in the whole conversation @param sent samples that were sent so far */
  follow(event: TalkEvent, sent: number): void {
    if (LISTENS.has(event.type)) this.#unheard = undefined;
    if (SOUNDS.has(event.type)) this.#sounds(sent);
    switch (event.type) {
      case "wake": {
        const at = samplesUntil(event.atMs);
        this.#begin(undefined, at, at - BEFORE_SAMPLES);
        break;
      }
      case "state":
        if (event.state === "listening_for_command") this.#begin(event.turn, sent, this.#silenceBefore(sent));
        if (CERTAIN.has(event.state)) this.#certain = event.turn;
        break;
      case "partial":
        this.#begin(event.turn, sent, this.#silenceBefore(sent));
        break;
      case "question":
        this.#asked = sent;
        this.#question = { turn: event.turn, text: event.text, id: event.id };
        break;
      case "text":
      case "sentence":
        this.#answered(event.turn);
        break;
      case "turn":
        this.#ended(event.turn);
        break;
      default:
        break;
    }
  }

  /** Our own voice has sounded until there, and is silent now. @param sent samples that there are by now */
  sounded(sent: number): void {
    this.#sounds(sent);
    this.#isSilent = true;
  }

  /** The connection is gone, and with it the answer under way. */
  cut(): void {
    if (this.#answering !== undefined) this.#ended(this.#answering);
  }

  /** Another peer goes on with what was {@link asked}: nobody needs to hear it again. */
  handOver(): void {
    const { asked } = this;
    if (asked !== undefined) this.#answered(asked.turn);
  }

  neededFrom({ samples }: Said): number {
    const from = Math.min(this.#open?.at ?? this.#silenceBefore(samples), this.#unheard ?? Infinity);
    return Math.max(0, this.#settled, from, samples - LONGEST_SAMPLES);
  }

  /** From there on the sound may hold what nobody has told of by then. */
  #silenceBefore(at: number): number {
    const isSounding = this.#answering !== undefined && !this.#isSilent;
    return isSounding ? at - BEFORE_SAMPLES : Math.max(this.#ours, at - UNNOTICED_SAMPLES);
  }

  #sounds(sent: number): void {
    this.#ours = Math.max(this.#ours, sent - BEFORE_SAMPLES);
    this.#isSilent = false;
  }

  /** @param turn undefined at the word that wakes: its number comes later @param before where speech may have begun */
  #begin(turn: number | undefined, at: number, before: number): void {
    const open = this.#open;
    if (open?.turn === undefined && open !== undefined) this.#open = { turn, at: open.at };
    else if (open?.turn === undefined || (turn !== undefined && turn > open.turn)) {
      const { from, until } = this.#backlog ?? { from: Infinity, until: -Infinity };
      this.#open = { turn, at: at > until ? before : Math.min(from, before) };
    }
  }

  #answered(turn: number): void {
    if (this.#answering === turn) return;
    this.#answering = turn;
    this.#settle(turn);
  }

  #ended(turn: number): void {
    if (this.#answering !== undefined && this.#answering <= turn) this.#answering = undefined;
    if (this.#question !== undefined && this.#question.turn <= turn) this.#question = undefined;
    this.#settle(turn);
  }

  #settle(turn: number): void {
    this.#settled = Math.max(this.#settled, this.#asked);
    this.#keys = this.#keys.filter(({ at }) => at > this.#settled);
    if (this.#open?.turn !== undefined && this.#open.turn <= turn) this.#open = undefined;
  }
}
