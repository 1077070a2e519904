/** The engines of the whole house, for the clients of this peer: each of their contracts, done by whoever does it best. */
import { systemClock, type ActorSystem, type Clock } from "@parley/actors";
import { abortable } from "@parley/audio/format";
import type { SpeechToText, TextToSpeech, Voice, VoiceFrames, WakeWord } from "@parley/audio/engines";
import type { Cluster, PeerReport } from "../../cluster/face.ts";
import type { LanguageModel } from "../../providers/language-model.ts";
import { parsePolicy, POLICY_SETTING, type Capability, type Policy, type Privacy } from "../../routing/index.ts";
import type { EngineOf, LocalEngine, LocalEngines } from "./engines.ts";
import { House } from "./house.ts";
import type { Bench } from "./local-engines.ts";
import { ownOffers, type Machine } from "./offer/own-offers.ts";
import { growTree, type Given, type TreeOptions } from "./offer/tree.ts";
import type { Offer } from "./offers.ts";
import { routedVoiceFrames, routedWakeWord } from "./routed/followers.ts";
import { routedLanguageModel } from "./routed/language-model.ts";
import {
  hasHelp,
  isAlone,
  mayHaveHelp,
  ownEngine,
  ownIfReady,
  type Ask,
  type Moved,
  type Placement,
} from "./routed/placing.ts";
import { routedSpeechToText } from "./routed/speech-to-text.ts";
import { routedTextToSpeech, voicesOf } from "./routed/text-to-speech.ts";
import { RoutingView } from "./routing-view.ts";

export interface HouseEnginesOptions {
  /** This peer's id, and what people call it. */
  readonly peer: string;
  readonly name: string;
  readonly machine: Machine;
  readonly engines: LocalEngines;
  readonly bench: Bench;
  /** What must not leave this host, or the house, whoever asks. */
  readonly privacy: Readonly<Partial<Record<Capability, Privacy>>>;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** Work went on elsewhere. */
  readonly onMoved?: ((moved: Moved) => void) | undefined;
  /** The owner's policy cannot be read: the one before holds. */
  readonly onBadPolicy?: ((problems: readonly string[]) => void) | undefined;
}

/** What is asked of the cluster. */
export type HouseCluster = Pick<Cluster, "actors" | "shared" | "peers" | "onChange">;

/** Round trips change slowly, and asking for them costs a look at every member. */
const ROUND_TRIPS_HOLD_MS = 1_000;
/** So soon after it has begun to look for others, or has joined them, a peer may not have heard yet what they offer. */
const HEARING_MS = 5_000;

export class HouseEngines {
  readonly house: House;
  readonly #options: HouseEnginesOptions;
  readonly #clock: Clock;
  #cluster: HouseCluster | undefined;
  #system: ActorSystem | undefined;
  /** When it began to look for a cluster, or became a member of this one. */
  #joinedMs = 0;
  #leaveTree: (() => void) | undefined;
  #peers: { readonly atMs: number; readonly byId: ReadonlyMap<string, PeerReport> } | undefined;
  #policy: { readonly text: string | undefined; readonly policy: Policy } = { text: undefined, policy: {} };

  constructor(options: HouseEnginesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    const { peer, name, machine, engines, bench, random } = options;
    this.house = new House({
      self: peer,
      clock: this.#clock,
      own: () => ownOffers({ peer, name, machine, engines, speeds: bench.speeds }),
      isGiven: (capability) => engines[capability]?.isOffered === true,
      roundTripMs: (other) => this.#roundTripMs(other),
      policy: () => this.#policyNow(),
      random,
    });
  }

  /** What is known and would be decided, for people. */
  get view(): RoutingView {
    const { privacy, engines } = this.#options;
    const own = (capability: Capability): LocalEngine<unknown> | undefined => engines[capability];
    return new RoutingView({ house: this.house, privacy, policyText: () => this.#policyText, own });
  }

  /** Takes part in whatever cluster the peer belongs to, until the result is called. `beside`: services that are no engines. */
  join(cluster: HouseCluster, beside?: TreeOptions["beside"]): () => void {
    this.#cluster = cluster;
    this.#joinedMs = this.#clock.nowMs();
    const look = (): void => {
      // Its peer may leave one cluster and join another: each membership has actors of its own.
      if (cluster.actors === this.#system) return;
      this.#leaveTree?.();
      this.#system = cluster.actors;
      this.#joinedMs = this.#clock.nowMs();
      this.#peers = undefined;
      this.#leaveTree =
        this.#system === undefined
          ? undefined
          : growTree({ system: this.#system, house: this.house, given: givenOf(this.#options.engines), beside });
    };
    const stop = cluster.onChange(look);
    look();
    return () => {
      stop();
      this.#leaveTree?.();
      this.#leaveTree = undefined;
      this.#system = undefined;
      this.#cluster = undefined;
    };
  }

  /** Waits for this peer's own engine only where nobody else has one. @throws AudioError of one that does not come up */
  async speechToText(ask: Ask, signal: AbortSignal | undefined): Promise<SpeechToText> {
    const placement = this.#placement("stt");
    await this.#untilThere(placement, ask, signal);
    return routedSpeechToText(placement, ask);
  }

  /** Likewise. @param own this peer's voice, where it is not as others hear it */
  async textToSpeech(
    ask: Ask,
    signal: AbortSignal | undefined,
    own: LocalEngine<TextToSpeech> | undefined = this.#options.engines.tts,
  ): Promise<TextToSpeech> {
    const placement = { ...this.#placement("tts"), local: own };
    await this.#untilThere(placement, ask, signal);
    return routedTextToSpeech(placement, ask);
  }

  languageModel(ask: Ask): LanguageModel {
    const placement = this.#placement("llm");
    const model = routedLanguageModel(placement, ask);
    if (!this.#isStillHearing(placement, ask)) return model;
    const heard = (signal: AbortSignal | undefined): Promise<void> => this.#untilHeard(placement, ask, signal);
    return {
      id: model.id,
      async *generate(messages, options) {
        await heard(options?.signal);
        yield* model.generate(messages, options);
      },
    };
  }

  /** @throws AudioError of an engine that does not come up */
  async voiceFrames(ask: Ask, signal: AbortSignal | undefined): Promise<VoiceFrames> {
    const placement = this.#placement("vad");
    await this.#untilHeard(placement, ask, signal);
    return await routedVoiceFrames(placement, ask, signal);
  }

  /** @throws AudioError of an engine that does not come up */
  async wakeWord(ask: Ask, words: readonly string[], signal: AbortSignal | undefined): Promise<WakeWord> {
    const placement = this.#placement("wake");
    await this.#untilHeard(placement, ask, signal);
    return await routedWakeWord(placement, ask, { words, signal });
  }

  /** All voices of the house, this peer's own first. */
  get voices(): readonly Voice[] {
    return voicesOf(this.#placement("tts"), {});
  }

  /** Who else offers it, as far as this peer's clients may use that. */
  elsewhere(capability: Capability): readonly Offer[] {
    return hasHelp(this.#placement(capability), {}) ? this.house.others(capability) : [];
  }

  /** Whether this peer's own engine comes up for a client: where it is there for that, or nobody else is. */
  wantsOwn(capability: Capability): boolean {
    if (this.#options.engines[capability]?.isOffered === true) return true;
    return this.elsewhere(capability).length === 0 && !this.#isStillHearing(this.#placement(capability), {});
  }

  async #untilThere<Kind extends Capability>(
    placement: Placement<Kind>,
    ask: Ask,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#untilHeard(placement, ask, signal);
    if (ownIfReady(placement, ask) === undefined && !hasHelp(placement, ask)) await ownEngine(placement, ask, signal);
  }

  /** Whether somebody may be there for what this peer is not, and has only not been heard of yet. */
  #isStillHearing<Kind extends Capability>(placement: Placement<Kind>, ask: Ask): boolean {
    const { local } = placement;
    if (this.#cluster === undefined || this.#clock.nowMs() - this.#joinedMs > HEARING_MS) return false;
    return local?.isOffered !== true && local?.ready === undefined && mayHaveHelp(placement, ask) && isAlone(placement);
  }

  /** Models are not fetched for what others are about to say they have. */
  async #untilHeard<Kind extends Capability>(
    placement: Placement<Kind>,
    ask: Ask,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (!this.#isStillHearing(placement, ask)) return;
    const heard = Promise.withResolvers<void>();
    const look = (): void => {
      if (!this.#isStillHearing(placement, ask)) heard.resolve();
    };
    const stop = this.house.onChange(look);
    const late = this.#clock.after(HEARING_MS, heard.resolve);
    try {
      await abortable(heard.promise, signal, "looking for who can do it");
    } finally {
      stop();
      late.cancel();
    }
  }

  #placement<Kind extends Capability>(kind: Kind): Placement<Kind> {
    const { engines, privacy, onMoved } = this.#options;
    const local: LocalEngine<EngineOf[Kind]> | undefined = engines[kind];
    return { kind, house: this.house, local, system: () => this.#system, privacy: privacy[kind], onMoved };
  }

  #roundTripMs(peer: string): number | undefined {
    const nowMs = this.#clock.nowMs();
    if (this.#peers === undefined || nowMs - this.#peers.atMs > ROUND_TRIPS_HOLD_MS) {
      const byId = new Map((this.#cluster?.peers() ?? []).map((each) => [each.peerId, each]));
      this.#peers = { atMs: nowMs, byId };
    }
    return this.#peers.byId.get(peer)?.roundTripMs;
  }

  get #policyText(): string | undefined {
    return this.#cluster?.shared?.now.settings.get(POLICY_SETTING);
  }

  #policyNow(): Policy {
    const text = this.#policyText;
    if (text === this.#policy.text) return this.#policy.policy;
    const read = parsePolicy(text);
    if (!read.ok) this.#options.onBadPolicy?.(read.problems);
    // What kept work at home goes on doing so.
    this.#policy = { text, policy: read.ok ? read.policy : this.#policy.policy };
    return this.#policy.policy;
  }
}

function givenOf({ stt, tts, llm, vad, wake }: LocalEngines): Given {
  const given = <Engine>(local: LocalEngine<Engine> | undefined): LocalEngine<Engine> | undefined =>
    local?.isOffered === true ? local : undefined;
  return { stt: given(stt), tts: given(tts), llm: given(llm), vad: given(vad), wake: given(wake) };
}
