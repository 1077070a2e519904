/** The shipped router on every host, with what a peer keeps for it: adverts, jobs that were sent, breakers, measured speeds. */
import type { Chooser, Report, Surroundings } from "../chooser.ts";
import { hostOf, peerOf, wayMs, type EnginePlan } from "../fleet.ts";
import type { Library } from "../library.ts";
import { EXPECTED_TOKENS, serviceMs, type Job } from "../work.ts";

type Advert = ReturnType<InstanceType<Library["Directory"]>["adverts"]["at"]> & object;
type Request = Parameters<Library["decide"]>[0];
type Held = ReturnType<InstanceType<Library["Backlog"]>["add"]>;
type Terms = Parameters<Library["admit"]>[1];

export interface ShippedOptions {
  readonly name?: string;
  /** Whether engines say so when they are busier than was expected. */
  readonly sendsOn?: boolean;
  /** Whether jobs are spread over those that are nearly as good. */
  readonly spreads?: boolean;
  /** Whether anything is refused for lack of time. */
  readonly admits?: boolean;
}

/** As many as may wait for each place. */
const WAITING_PER_PLACE = 64;

/** One host's part. */
class Peer {
  readonly directory: InstanceType<Library["Directory"]>;
  readonly sent: InstanceType<Library["SentJobs"]>;
  readonly breakers: InstanceType<Library["Breakers"]>;
  readonly speeds: InstanceType<Library["SpeedBook"]>;
  readonly gone = new Set<string>();

  constructor({ Directory, SentJobs, Breakers, SpeedBook }: Library) {
    this.directory = new Directory();
    this.sent = new SentJobs();
    this.breakers = new Breakers();
    this.speeds = new SpeedBook();
  }
}

/** What is kept of a job while it is somewhere. */
interface Sent {
  readonly over: () => void;
  readonly terms: Terms;
}

export class Shipped implements Chooser {
  readonly name: string;
  readonly #library: Library;
  readonly #at: Surroundings;
  readonly #options: ShippedOptions;
  readonly #peers: readonly Peer[];
  readonly #backlogs: readonly InstanceType<Library["Backlog"]>[];
  readonly #sent = new Map<number, Sent>();
  readonly #held = new Map<number, Held>();
  readonly #moves = new Map<number, number>();
  readonly #refusedBy = new Map<number, readonly number[]>();

  constructor(library: Library, at: Surroundings, options: ShippedOptions = {}) {
    this.name = options.name ?? "parley";
    this.#library = library;
    this.#at = at;
    this.#options = options;
    this.#peers = at.fleet.hosts.map(() => new Peer(library));
    this.#backlogs = at.fleet.engines.map(() => new library.Backlog());
    for (const engine of at.fleet.engines) this.#warmUp(engine);
  }

  place(job: Job): number | undefined {
    const peer = this.#peers[job.origin];
    if (peer === undefined) return undefined;
    const decision = this.#library.decide(this.#requestOf(job), this.fleetOf(job.origin));
    const moves = this.#options.sendsOn === false ? Infinity : (this.#moves.get(job.id) ?? 0);
    const { best } = decision;
    const terms = decision.terms(moves);
    if (best === undefined || terms === undefined) return undefined;
    const { advert, expected } = best;
    const engine = this.#engineOf(advert);
    const arrivesMs = this.#at.now() + wayMs(this.#at.fleet, job.origin, engine.host);
    peer.breakers.began(advert.peer, advert.capability, this.#at.now());
    const over = peer.sent.began(advert.peer, advert.capability, { workMs: expected.workMs, arrivesMs });
    this.#moves.set(job.id, moves + 1);
    this.#sent.set(job.id, { over, terms });
    return engine.index;
  }

  /** What a host's router knows now. */
  fleetOf(host: number): Parameters<Library["decide"]>[1] {
    const { directory, breakers, sent, gone } = this.#peers[host] ?? new Peer(this.#library);
    const { fleet, random } = this.#at;
    const nowMs = this.#at.now();
    return {
      self: peerOf(host),
      nowMs,
      services: directory,
      roundTripMs: (peer) => (gone.has(peer) ? Infinity : 2 * wayMs(fleet, host, hostOf(peer))),
      breaker: (peer, capability) => breakers.view(peer, capability, nowMs),
      inFlight: (peer, capability) => sent.unseen(peer, capability),
      ...(this.#options.spreads === false ? {} : { random: () => random.next() }),
    };
  }

  admits(job: Job, engine: number): boolean {
    const { concurrency = 1 } = this.#at.fleet.engines[engine] ?? {};
    const terms = this.#sent.get(job.id)?.terms;
    const backlog = this.#backlogs[engine];
    if (terms === undefined || backlog === undefined) return true;
    const { running, queued } = backlog;
    const queueCapacity = this.#options.admits === false ? Infinity : WAITING_PER_PLACE * concurrency;
    const load = { concurrency, running, queued, queueCapacity, backlogMs: backlog.backlogMs(this.#at.now()) };
    const admission = this.#library.admit(load, terms);
    if (admission.taken) this.#held.set(job.id, backlog.add(terms.workMs, this.#at.now()));
    // Whoever had no room, or not in time, is not asked again for this; whoever is busier may still be the best.
    else if (admission.why !== "busier") this.#refusedBy.set(job.id, [...(this.#refusedBy.get(job.id) ?? []), engine]);
    return admission.taken;
  }

  began(job: Job): void {
    this.#held.get(job.id)?.begin(this.#at.now());
  }

  finished(job: Job, engine: number, tookMs: number): void {
    this.#held.get(job.id)?.end();
    this.#held.delete(job.id);
    const plan = this.#at.fleet.engines[engine];
    if (plan !== undefined) this.#measure(plan, job, tookMs);
  }

  answered(job: Job, engine: number, answer: "done" | "refused" | "failed" | "gone"): void {
    const peer = this.#peers[job.origin];
    const plan = this.#at.fleet.engines[engine];
    if (peer === undefined || plan === undefined) return;
    this.#sent.get(job.id)?.over();
    this.#sent.delete(job.id);
    const name = peerOf(plan.host);
    if (answer === "done") peer.breakers.succeeded(name, plan.kind);
    else if (answer === "refused") {
      peer.breakers.refused(name, plan.kind);
      // Who refuses says how it stands: half a round trip ago.
      const way = wayMs(this.#at.fleet, plan.host, job.origin);
      peer.directory.put(this.#advert(plan), this.#at.now() - way);
    } else {
      // Whatever it had to do has died with it.
      this.#held.get(job.id)?.end();
      this.#held.delete(job.id);
      peer.breakers.failed(name, plan.kind, answer, this.#at.now());
    }
    if (answer === "done") {
      this.#moves.delete(job.id);
      this.#refusedBy.delete(job.id);
    }
  }

  report(host: number): Report {
    return (this.#at.fleet.hosts[host]?.engines ?? []).map((engine) => this.#library.readAdvert(this.#advert(engine)));
  }

  receive(at: number, from: number, report: Report, sentMs: number): void {
    const peer = this.#peers[at];
    if (peer === undefined || !Array.isArray(report)) return;
    peer.gone.delete(peerOf(from));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what report() of this very class gave
    for (const advert of report as Advert[]) {
      peer.directory.put(advert, sentMs);
      peer.sent.reported(advert.peer, advert.capability, sentMs);
    }
  }

  lost(at: number, host: number): void {
    this.#peers[at]?.gone.add(peerOf(host));
  }

  #requestOf(job: Job): Request {
    const { kind, language, isPrivate, units, promptTokens } = job;
    const refusedBy = this.#refusedBy.get(job.id)?.map((engine) => peerOf(this.#at.fleet.engines[engine]?.host ?? 0));
    const size =
      kind === "stt"
        ? { audioMs: units }
        : kind === "tts"
          ? { characters: units }
          : { promptTokens, tokens: EXPECTED_TOKENS };
    return {
      capability: kind,
      size,
      patienceMs: this.#patienceMs,
      ...(kind === "llm" ? {} : { language }),
      ...(refusedBy === undefined ? {} : { refusedBy }),
      ...(isPrivate ? { privacy: "host" as const } : {}),
    };
  }

  get #patienceMs(): number {
    return this.#options.admits === false ? Infinity : this.#at.patienceMs;
  }

  #advert(engine: EnginePlan): Advert {
    const { host, kind, model, languages, concurrency } = engine;
    const { hardware, power, name } = this.#at.fleet.hosts[host] ?? { hardware: [], power: "unknown", name: "" };
    const backlog = this.#backlogs[engine.index];
    return {
      peer: peerOf(host),
      name,
      capability: kind,
      model,
      languages,
      voices: [],
      modes: [],
      classes: [],
      jobs: this.#library.OWN_JOB_VERSIONS,
      concurrency,
      ...(this.#options.admits === false ? {} : { queueCapacity: WAITING_PER_PLACE * concurrency }),
      running: backlog?.running ?? 0,
      queued: backlog?.queued ?? 0,
      backlogMs: backlog?.backlogMs(this.#at.now()) ?? 0,
      demand: backlog?.demand(this.#at.now()) ?? 0,
      speed: this.#peers[host]?.speeds.speed(kind, model) ?? {},
      hardware,
      power,
    };
  }

  #engineOf({ peer, capability }: Advert): EnginePlan {
    const engine = this.#at.fleet.hosts[hostOf(peer)]?.engines.find(({ kind }) => kind === capability);
    if (engine === undefined) throw new Error(`${peer} has no ${capability}`);
    return engine;
  }

  #measure(engine: EnginePlan, job: Pick<Job, "units" | "promptTokens" | "tokens">, tookMs: number): void {
    const { units, promptTokens, tokens } = job;
    const { fixedMs, perPromptTokenMs, perTokenMs } = engine.costs;
    const speeds = this.#peers[engine.host]?.speeds;
    if (engine.kind !== "llm") {
      speeds?.record(engine.kind, engine.model, {
        size: engine.kind === "stt" ? { audioMs: units } : { characters: units },
        totalMs: tookMs,
      });
      return;
    }
    // When the first token comes is seen by whoever runs the model.
    const readingMs = fixedMs + perPromptTokenMs * promptTokens;
    const firstMs = (tookMs * readingMs) / (readingMs + perTokenMs * tokens);
    speeds?.record("llm", engine.model, { size: { promptTokens, tokens }, totalMs: tookMs, firstMs });
  }

  /** An engine tries itself as it comes up. */
  #warmUp(engine: EnginePlan): void {
    const sizes = { stt: [1_500, 6_000, 3_000], tts: [40, 160, 80], llm: [0, 0, 0] }[engine.kind];
    for (const [at, units] of sizes.entries()) {
      const isLlm = engine.kind === "llm";
      const job = { units, promptTokens: isLlm ? 200 + 400 * at : 0, tokens: isLlm ? 20 : 0, hardness: 1 };
      this.#measure(engine, job, serviceMs(engine, job));
    }
  }
}
