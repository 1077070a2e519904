/** One client's conversation: it asks, and what was said before is part of what is thought about. */
import { chooseVoice } from "@parley/audio/engines";
import { abortable } from "@parley/audio/format";
import { voiceTurn } from "@parley/audio/pipeline";
import type { TurnEvent, TurnInput } from "@parley/audio/pipeline";
import type { ConversationEvent, ConversationParts, LiveConversation, ReplyPlayback } from "@parley/audio/converse";
import type { Announcer } from "./announcer.ts";
import type { Bidder } from "../arbitration/bidder.ts";
import type { Privacy } from "../../routing/index.ts";
import { bounded, Deadline } from "../limits.ts";
import { Mind, type Acquaintance } from "./mind.ts";
import type { Services } from "../services.ts";
import { HERE_ONLY, timerNotice, type Notice } from "./notice.ts";
import { urgentSpeechToText, urgentTextToSpeech } from "../urgent.ts";
import { heardOf } from "./heard-so-far.ts";
import { named } from "./naming.ts";
import type { AskOptions, SessionOptions, TalkOptions } from "./options.ts";
import type { SessionDoing } from "./report.ts";
import { fittedTurns, mindWith, turnsOf, type SavedSession } from "./saved.ts";
import { silentUntil, unheard } from "./silent-until.ts";
import { announcerOf, bidderIn, takePlace, withEvents } from "./talk-parts.ts";
import { CERTAIN, waitOf } from "./wait-of.ts";
import { TalkTurns } from "./talk-turns.ts";
import { aboutTurn, type CutTurn, type TurnAbout, type TurnDetails } from "./turn-log.ts";
import { Turns } from "./turns.ts";
import { isLeft } from "./visit-over.ts";
import type { FoundJournal } from "../../cluster/journal/port.ts";

/** A conversation, in memory, for as long as it is waited for its client; of clients that want that, also kept. */
export class Session {
  readonly #services: Services;
  readonly #options: SessionOptions;
  readonly #mind: Mind;
  /** Live conversations that speak. */
  readonly #announcers = new Set<Announcer>();
  readonly #record: Turns;
  #turns = 0;
  /** Under way. */
  #asks = 0;
  readonly #talks = new Set<AbortSignal>();
  /** Resolves when the turn before has ended: what it said is part of what the next is thought about with. */
  #previous: Promise<void> = Promise.resolve();

  constructor(services: Services, options: SessionOptions = {}) {
    this.#services = services;
    this.#options = options;
    const { rooms = HERE_ONLY, onFailure } = options;
    this.#mind = new Mind(services, {
      onFailure,
      speakers: { here: async (text, privacy) => this.#say(text, privacy), at: rooms.say },
      onTimer: (timer) => {
        const notice = timerNotice(timer);
        this.#tell({ ...notice, isSpoken: this.announce(notice.text, timer.privacy) });
        this.#record.settle();
      },
    });
    this.#record = new Turns({
      journal: options.journal,
      isApart: options.isApart,
      lastMs: () => this.#mind.lastMs,
      kept: () => this.saved ?? null,
      // What is said of a turn is in the turn.
      state: () => JSON.stringify({ strands: [], timers: this.#mind.saved.timers }),
      finish: (cut) => this.#finish(cut),
    });
  }

  /** What another host would have to be told to go on; undefined while nobody has come. */
  get saved(): SavedSession | undefined {
    const who = this.#options.who?.();
    if (who === undefined) return undefined;
    const kept = fittedTurns(this.#record.kept);
    return { ...who, ...this.#mind.acquaintance, turns: this.#turns, mind: this.#mind.saved, kept };
  }

  /** Goes on with what another host has left; before the first question. */
  restore(saved: SavedSession | undefined, found: FoundJournal): void {
    this.#turns = saved?.turns ?? 0;
    const state = this.#record.restore(found, turnsOf(saved));
    this.#meetAgain(saved ?? this.cut?.about.details);
    this.#mind.restore(mindWith(saved, state));
    if (found.turn !== undefined) this.#turns += 1;
  }

  /** Until its client has come: what ends before that is kept as its client wants it. */
  #meetAgain({ account, remembers, timeZone }: TurnDetails = {}): void {
    const { memory } = this.#options;
    const isKept = remembers === true && memory !== undefined && account !== undefined;
    this.#mind.meet({ remembered: isKept ? { memory, account } : undefined, timeZone });
  }

  /** For `sides.ts`. */
  get parts(): { readonly mind: Mind; readonly record: Turns } {
    return { mind: this.#mind, record: this.#record };
  }

  /** There were so many elsewhere. */
  count(turns: number): void {
    this.#turns = Math.max(this.#turns, turns);
  }

  /** The turn that was cut and waits for its client. */
  get cut(): CutTurn | undefined {
    return this.#record.cut;
  }

  /** Of the answer to a question that was asked before, what was given out of it; empty where there is none. */
  givenOf(workId: string, question: string): string {
    return this.#record.of(workId, question)?.text ?? "";
  }

  /** Nobody comes back any more: what was cut is over as far as it went. */
  giveUp(): void {
    this.#record.giveUp();
  }

  /** Whose it is; before the first question. */
  meet(known: Acquaintance): void {
    this.#mind.meet(known);
    this.#record.met();
  }

  /** The thread that it is part of; undefined where it is not kept, and before its first question. */
  get threadId(): string | undefined {
    return this.#mind.threadId;
  }

  /** Questions and conversations that were begun. */
  get turns(): number {
    return this.#turns;
  }

  /** For people who look. */
  get doing(): SessionDoing {
    if ([...this.#talks].some(({ aborted }) => !aborted)) return "talking";
    if (this.#asks > 0) return "asking";
    return this.cut === undefined ? "idle" : "cut";
  }

  /** Timers that run. */
  get timers(): number {
    return this.#mind.timers;
  }

  /** Nothing was said in it, and nothing is going to be: nobody would miss it. */
  get isBlank(): boolean {
    return this.#turns === 0 && this.timers === 0;
  }

  /** Says something that nobody asked for, in its live conversations, when it is quiet there. False: there is none that speaks. */
  announce(text: string, privacy?: Privacy): boolean {
    return [...this.#announcers].map((announcer) => announcer.say(text, privacy)).some(Boolean);
  }

  /** Its timers end; settles once all that was said is kept. */
  async close(): Promise<void> {
    this.#record.close();
    await this.#mind.close();
  }

  /**
   * One turn; turns run one after another.
   * @throws AudioError, PeerError of whatever takes part; `audio-too-long` for a question, `job-timed-out` for an answer
   * that takes more than `limits.ask_seconds`; `engine-busy` where there are too many.
   */
  ask(input: TurnInput, options: AskOptions): AsyncGenerator<TurnEvent> {
    return this.#services.admission.run("ask", () => this.#ask(input, options));
  }

  async *#ask(input: TurnInput, options: AskOptions): AsyncGenerator<TurnEvent> {
    const previous = this.#previous;
    const ended = Promise.withResolvers<void>();
    this.#previous = previous.then(() => ended.promise);
    this.#asks += 1;
    try {
      await abortable(previous, options.signal, "waiting for the turn before");
      yield* this.#turn(input, options);
    } finally {
      this.#asks -= 1;
      ended.resolve();
    }
  }

  /**
   * A live conversation over `microphone`, mono at `SPEECH_RATE_HZ`, until it ends.
   * @throws AudioError of engines that do not come up; `engine-busy` where there are too many. What happens later comes with the
   * events.
   */
  async converse(microphone: AsyncIterable<Float32Array>, given: TalkOptions): Promise<LiveConversation> {
    const services = this.#services;
    const leave = takePlace(services, given.signal);
    this.#talks.add(given.signal);
    given.signal.addEventListener("abort", () => this.#talks.delete(given.signal), { once: true });
    const { playback, has, workId, audioFromMs = 0, ...options } = given;
    const { echo, signal, mode, input, preference, interruptions, followUpMs, hearing, privacy, ...manner } = options;
    const talk = workId ?? crypto.randomUUID();
    const turns = new TalkTurns({
      turns: this.#record,
      about: () => {
        this.#turns += 1;
        const who = { ...this.#who, speaks: playback !== undefined };
        return aboutTurn(who, "talk", `${talk}#${crypto.randomUUID()}`, options);
      },
      audioFromMs,
      heardMs: () => playback?.heardMs ?? 0,
    });
    const cut = this.#record.ofTalk(talk, has?.question, audioFromMs);
    // One that is gone on with was counted when it began.
    if (cut === undefined) this.#turns += 1;
    const resume = turns.resume(cut, has);
    // What was asked and taken on elsewhere is not heard again, though its client may not know yet that it was.
    const heardMs = (cut?.about.details.throughMs ?? 0) - audioFromMs;
    services.warm({ hear: true, speak: playback !== undefined });
    const coming = Promise.all([
      import("@parley/audio/converse"),
      services.ears(signal, { privacy }),
      playback === undefined ? undefined : services.voice(signal, { privacy }),
      // Where only a wake word interrupts, one is listened for, whatever begins a turn.
      mode === "wake" || interruptions === "wake-word" ? services.wake(input, signal, { privacy }) : undefined,
    ]);
    // Where nobody can hear or speak, the turn waits for its client to try again.
    coming.catch(() => turns.close(true));
    const [{ converse }, ears, tts, wake] = await coming;
    const bidder =
      wake === undefined ? undefined : bidderIn(services, { preference, speak: playback !== undefined, signal });
    const parts: ConversationParts = {
      ...ears,
      stt: urgentSpeechToText(ears.stt),
      wake,
      echo,
      arbitrate: bidder?.arbitrate.bind(bidder),
      think: (text, { turn, certain, signal: unwanted }) => {
        const log = turns.of(turn, text);
        const how = { certain, signal: unwanted, privacy, isUrgent: true, log };
        const written = (): void => {
          const length = turns.lengthOf(turn);
          if (length !== undefined) given.onWritten?.(turn, length);
        };
        return toldEnd(this.#mind.think({ text, turn: log.about.workId, ...how }), written);
      },
      voice: tts === undefined || playback === undefined ? undefined : { tts: urgentTextToSpeech(tts), playback },
    };
    const announcer = playback === undefined ? undefined : this.#announcer(playback, given);
    const longestTurnMs = services.config.limits.turn_seconds * 1000;
    const live = converse(silentUntil(microphone, heardMs), parts, {
      ...manner,
      ...(tts === undefined ? {} : services.voiceIn(tts, manner)),
      mode: hearing,
      hotWords: services.hotWordsFor(manner),
      speech: services.speech,
      // The machine's limit comes first: it keeps what is said behind it.
      endpoint: { longestMs: longestTurnMs + 1000 },
      resume,
      bargeIn: interruptions === undefined ? {} : { policy: interruptions },
      interaction: {
        mode: mode === "open" ? "open" : "wake",
        maxUtteranceMs: longestTurnMs,
        ...(interruptions === undefined ? {} : { interruptions }),
        ...(followUpMs === undefined ? {} : { followUpMs }),
      },
      signal,
    });
    const about = { bidder, announcer, leave, privacy, turns, signal };
    return withEvents(live, this.#remembering(live.events, about), heardMs);
  }

  #announcer(playback: ReplyPlayback, given: TalkOptions): Announcer {
    const announcer = announcerOf(this.#services, playback, given, (error) => this.#options.onFailure?.(error));
    this.#announcers.add(announcer);
    return announcer;
  }

  #say(text: string, privacy: Privacy | undefined): string {
    const isSpoken = this.announce(text, privacy);
    this.#tell({ type: "say", text, isSpoken });
    return isSpoken ? "it is said" : "it is shown";
  }

  #tell(notice: Notice): void {
    this.#options.onNotice?.(notice);
  }

  /** What was said and heard is part of what is thought about next. */
  async *#remembering(
    events: AsyncIterable<ConversationEvent>,
    about: {
      readonly bidder: Bidder | undefined;
      readonly announcer: Announcer | undefined;
      readonly leave: () => void;
      readonly privacy: Privacy | undefined;
      readonly turns: TalkTurns;
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<ConversationEvent> {
    const { bidder, announcer, leave, privacy, turns, signal } = about;
    try {
      for await (const event of events) {
        bidder?.note(event);
        if (event.type === "state") announcer?.note(event.state === "idle");
        turns.note(event);
        if (event.type === "turn" && !turns.isKnown(event.turn))
          this.#remember(event, privacy, turns.aboutOf(event.turn));
        if (event.type === "turn") turns.ended(event.turn);
        if (event.type === "question") yield { ...event, id: turns.idOf(event.turn) };
        else yield event.type === "sentence" ? within(event, turns.lengthOf(event.turn)) : event;
      }
    } finally {
      turns.close(isLeft(signal));
      if (announcer !== undefined) this.#announcers.delete(announcer);
      bidder?.leave();
      leave();
    }
  }

  #remember(event: ConversationEvent, privacy: Privacy | undefined, about: TurnAbout | undefined): void {
    if (event.type !== "turn" || event.question === "") return;
    this.#services.turns.record(performance.now(), event.firstAudioMs);
    // What was said and cut before an answer began, by its length or by its speaker, was said all the same.
    if (event.heard === "" && event.outcome !== "interrupted") return;
    const wasInterrupted = event.outcome !== "complete";
    const { question, heard: answer } = event;
    this.#services.onTurn({ kind: "talk", question, answer, isComplete: !wasInterrupted });
    this.#mind.remember({ question, answer }, { wasInterrupted, privacy, ...named(about) });
  }

  get #who(): TurnDetails {
    const who = this.#options.who?.();
    if (who === undefined) return {};
    const { account, clientId, host, entry } = who;
    return { account, clientId, host, entry, ...this.#mind.acquaintance };
  }

  /** Nobody has come back to it: it is remembered as far as it went. */
  #finish(cut: CutTurn): void {
    const { privacy, thread: threadId } = cut.about;
    const turn = { question: cut.question, answer: heardOf(cut), threadId };
    // Its client may have heard all of it from a host that has told nobody.
    if (turn.question === "") return;
    this.#mind.remember(turn, { wasInterrupted: true, privacy, ...named(cut.about) });
  }

  async *#turn(asked: TurnInput, options: AskOptions): AsyncGenerator<TurnEvent> {
    const services = this.#services;
    const limitMs = services.config.limits.ask_seconds * 1000;
    const words = "text" in asked ? asked.text : undefined;
    const cut = options.workId === undefined ? undefined : this.#record.of(options.workId, words);
    // What was understood before is not heard again.
    const isUnderstood = cut !== undefined && cut.question !== "";
    const input = isUnderstood ? { text: cut.question } : asked;
    if (isUnderstood && "audio" in asked) void unheard(asked.audio);
    const bound = "audio" in input ? { audio: bounded(input.audio, limitMs, "limits.ask_seconds") } : input;
    const deadline = new Deadline(limitMs, options.signal);
    const { signal } = deadline;
    services.warm({ hear: "audio" in input, speak: options.speak });
    const { privacy, threadId, soFar } = options;
    const ask = { privacy };
    // It was counted when it began.
    if (cut === undefined) this.#turns += 1;
    const workId = options.workId ?? crypto.randomUUID();
    const about = aboutTurn(this.#who, "ask", workId, options);
    const log = cut === undefined ? this.#record.begin(about) : this.#record.goOn(cut, soFar?.text ?? "");
    const parts = {
      hear: () => services.ears(signal, ask),
      think: (text: string) => {
        const question = { text, threadId, turn: workId, certain: CERTAIN, signal, privacy, isUrgent: false, log };
        return toldEnd(this.#mind.think(question), () => {
          if (log.length !== undefined) options.onWritten?.(log.length);
        });
      },
      voice: options.speak ? () => services.voice(signal, ask) : undefined,
    };
    let question = "";
    let isComplete = false;
    let soundSinceMs: number | undefined;
    try {
      const hotWords = services.hotWordsFor(options);
      const speaking = services.answeringVoice(options);
      // Nobody is to think about what then cannot be said.
      const voices = privacy === "host" ? services.ownVoices : services.voices;
      if (options.speak && voices.length > 0) chooseVoice(voices, speaking);
      const how = { ...options, speaking, hotWords, speech: services.speech, signal };
      for await (const event of voiceTurn(bound, parts, how)) {
        if (event.type === "question") {
          question = event.text;
          deadline.start();
          if (!isUnderstood) {
            log.ask(question);
            log.has(soFar?.text ?? "");
            log.accept();
          }
          if (soFar?.isWhole === true) log.ends(soFar.text);
        }
        if (event.type === "sentence") log.sentence(event.index, event.from + event.spoken.written.length);
        if (event.type === "timing") log.sounded(event.index, event.timing.durationMs);
        if (event.type === "audio") soundSinceMs ??= performance.now();
        if (event.type === "done") {
          isComplete = true;
          services.turns.record(performance.now(), waitOf(event.timings));
        }
        yield event.type === "sentence" ? within(event, log.length) : event;
      }
    } catch (error) {
      throw deadline.expired ?? error;
    } finally {
      deadline.stop();
      const answer = log.begun.text;
      if (!isComplete && isLeft(options.signal)) {
        // Who asks does not report what it has played: sound is heard as it comes, and not faster than it lasts.
        if (soundSinceMs !== undefined) log.heardMs(performance.now() - soundSinceMs);
        this.#record.left(log);
      } else {
        // A cut answer is remembered as far as it went: the person has seen or heard it.
        if (answer !== "" && !log.isOver)
          this.#mind.remember({ question, answer, threadId }, { privacy, ...named(log.about) });
        this.#record.ended(log, isComplete);
      }
      if (question !== "") services.onTurn({ kind: "ask", question, answer, isComplete });
    }
  }
}

/** A sentence, as part of an answer of that length; undefined: nobody knows it yet. */
function within<Sentence extends { readonly type: "sentence" }>(
  sentence: Sentence,
  length: number | undefined,
): Sentence {
  return length === undefined ? sentence : { ...sentence, length };
}

async function* toldEnd(pieces: AsyncIterable<string>, ended: () => void): AsyncGenerator<string> {
  yield* pieces;
  ended();
}
