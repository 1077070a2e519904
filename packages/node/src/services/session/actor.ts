/**
 * A session as an actor: one client's conversation, wherever it lives. It has at most one visit at a time, outlives its visits, and ends when
 * nobody has come for long.
 */
import { parseAddress, type Actor, type ActorContext, type Behavior, type Stamp } from "@parley/actors";
import type { Logger } from "pino";
import type { Journal } from "../../cluster/journal/port.ts";
import type { Memory } from "../memory/port.ts";
import type { Services } from "../services.ts";
import { arrivalOf, isBefore, type Arrival } from "./arrival.ts";
import { isKnownIn, toldElsewhere, type ApartGround, type Branch, type Fork, whatBecame } from "./branch.ts";
import { APART, continuedNotice, LOST, TOGETHER, type Notice, type OtherRooms } from "./notice.ts";
import { readSavedSession, type SavedPlace } from "./saved.ts";
import { Session } from "./session.ts";
import { forkInto, forkOf, mergeInto, sideOf } from "./sides.ts";
import { Sitting } from "./sitting.ts";
import { readIn, SILENT_MS, WINDOW, type SentIn, type SessionMessage, type VisitCard } from "./wire.ts";
import { continuedOf } from "./continued.ts";
import { asCut, isTakenFrom, withHandOver, type HandOver, type HandOverReason } from "./hand-over.ts";
import type { SessionReport } from "./report.ts";
import type { Lonely } from "./lonely.ts";

/** What sessions are made of, at the peer where they live. */
export interface SessionGround {
  /** The peer's id. */
  readonly host: string;
  readonly services: Services;
  /** Where the conversations of clients that want that are kept; nowhere, when absent. */
  readonly memory?: Memory | undefined;
  readonly rooms?: OtherRooms | undefined;
  /** Those of the peer whose clients are away. */
  readonly lonely: Lonely;
  /** Those of the peer that live. */
  readonly living: Set<SessionActor>;
  /** Where a session is written down for whoever goes on with it elsewhere; undefined where nobody could. */
  readonly journal?: ((stay: SessionStay) => Journal | undefined) | undefined;
  /** Why a session is here that lived at another peer. Default: that peer is gone. */
  readonly whyMoved?: ((from: string) => HandOverReason) | undefined;
  /** Of sessions that live on one side of a house only. */
  readonly apart?: ApartGround | undefined;
  /** Told of one that has ended without being sure that the house knows all that was said in it. */
  readonly left?: ((sessionId: string, branch: Branch) => void) | undefined;
  readonly log: Logger;
  /** Milliseconds since 1970. Default: the machine's. */
  readonly nowMs?: (() => number) | undefined;
}

/** One stay of a session on a host. */
export interface SessionStay {
  readonly id: string;
  /** For all that is written of it. Absent where it lives on this host alone. */
  readonly stamp?: (() => Stamp) | undefined;
  /** Has it end after the message at hand; the next message begins it anew. */
  passivate(): void;
}

/** Notices that wait for the client to come back; of more, the oldest are dropped. */
const NOTICES_MAX = 64;
/** So long who continues a session waits for what was under way in it to have stopped: then it is known how far that was. */
const AT_REST_MS = 1_000;
/** Who has asked for a visit reads at once, or does not want it any more. */
const UNREAD_MS = 5_000;

export function sessionBehavior(ground: SessionGround, stay: SessionStay): Behavior<SessionMessage> {
  return (context) => new SessionActor(ground, stay, context);
}

interface Visit {
  readonly sitting: Sitting;
  readonly entry: string;
  readonly sinceMs: number;
  readonly arrival: Arrival;
}

export class SessionActor implements Actor<SessionMessage> {
  readonly #ground: SessionGround;
  readonly #stay: SessionStay;
  readonly #context: ActorContext<SessionMessage>;
  readonly #session: Session;
  readonly #journal: Journal | undefined;
  /** What another host has left is known. */
  readonly #ready: Promise<void>;
  readonly #sinceMs: number;
  #notices: Notice[] = [];
  readonly #branchId = crypto.randomUUID();
  /** Of what was handed over here. */
  readonly #merged = new Set<string>();
  /** Of the first visit. */
  #account: string | undefined;
  #clientId: string | undefined;
  #visit: Visit | undefined;
  /** Through which peer its client came last. */
  #entry: string | undefined;
  #handOvers: readonly HandOver[] = [];
  /** It is not to be woken again. */
  #isOver = false;

  constructor(ground: SessionGround, stay: SessionStay, context: ActorContext<SessionMessage>) {
    const { services, rooms, log } = ground;
    this.#ground = ground;
    this.#stay = stay;
    this.#context = context;
    this.#sinceMs = this.#nowMs;
    this.#journal = ground.journal?.(stay);
    this.#session = new Session(services, {
      rooms,
      memory: ground.memory,
      journal: this.#journal,
      isApart: this.isApart,
      who: () => this.#who,
      onNotice: (notice) => void this.#notice(notice),
      onFailure: (error) => log.warn({ err: error }, "what was said could not be kept, or not be said aloud"),
    });
    ground.living.add(this);
    this.#journal?.overtaken.addEventListener("abort", () => stay.passivate(), { once: true });
    this.#ready = this.#restore();
  }

  get id(): string {
    return this.#stay.id;
  }

  /** It lives on one side of a house only. */
  get isApart(): boolean {
    return this.#ground.apart !== undefined;
  }

  /** What another session of this host begins with that goes on with this one, apart from its house. */
  get fork(): Fork | undefined {
    return forkOf(this.#session);
  }

  /** What the house is to know of it; undefined: nobody has come to it. */
  get branch(): Branch | undefined {
    return this.#branch(this.isBusy);
  }

  /** Its client waits for something, or talks. */
  get isInTheMidst(): boolean {
    return this.#visit?.sitting.isAtWork === true;
  }

  /** A turn is under way. */
  get isBusy(): boolean {
    return this.#session.parts.record.isBusy;
  }

  /** The house's session knows all of it: its client is led there, unless more was said meanwhile. */
  reunited(known: Branch): void {
    if (!this.isBusy && JSON.stringify(this.branch) === JSON.stringify(known)) this.leave();
  }

  /** @param isPart more follows: of what the client is told of then, it is not told now */
  #branch(isPart: boolean): Branch | undefined {
    const side = sideOf(this.#session);
    if (side === undefined) return undefined;
    if (isPart) return { ...side, branchId: `${this.#branchId}-part`, isTold: false, notices: [] };
    const notices = toldElsewhere(this.#notices);
    return { ...side, branchId: this.#branchId, isTold: this.isApart && !this.#isQuiet, notices };
  }

  get #isQuiet(): boolean {
    return this.#ground.apart?.isQuiet(this.#stay.id) === true;
  }

  get report(): SessionReport {
    const { sitting, entry, sinceMs } = this.#visit ?? {};
    return {
      sessionId: this.#stay.id,
      host: this.#ground.host,
      account: this.#account,
      clientId: this.#clientId,
      sinceMs: this.#sinceMs,
      turns: this.#session.turns,
      doing: this.#session.doing,
      timers: this.#session.timers,
      visit:
        sitting === undefined || entry === undefined || sinceMs === undefined
          ? null
          : { visitId: sitting.visit.visitId, entry, sinceMs },
      journal: this.#journal?.position ?? null,
      handOvers: this.#handOvers,
    };
  }

  async receive(message: SessionMessage): Promise<void> {
    await this.#ready;
    switch (message.type) {
      case "open":
        return this.#open(message);
      case "merge":
        return this.#merge(message);
      case "look":
        message.replyTo.tell(this.report);
        // Begun by somebody who only looked.
        return this.#account === undefined ? this.leave() : undefined;
      case "end":
        return this.#endFor(message);
    }
  }

  /** Nobody is there, and nobody is waited for any longer. */
  leave(): void {
    this.#isOver = true;
    this.#stay.passivate();
  }

  /** Settles once all that was said is kept. */
  async onStop(): Promise<void> {
    const { living, lonely } = this.#ground;
    living.delete(this);
    lonely.remove(this);
    this.#visit?.sitting.end();
    this.#leaveBehind();
    if (this.#isOver) {
      this.#session.giveUp();
      this.#journal?.end();
    }
    await this.#session.close();
    if (!this.#isOver) this.#journal?.close();
  }

  get #who(): SavedPlace | undefined {
    const [account, clientId, { host }] = [this.#account, this.#clientId, this.#ground];
    if (account === undefined || clientId === undefined) return undefined;
    return { account, clientId, host, entry: this.#entry, handOvers: [...this.#handOvers] };
  }

  /** Never rejects: who cannot know what was said before begins anew, and says so. */
  async #restore(): Promise<void> {
    const { log, lonely } = this.#ground;
    try {
      const fork = await this.#ground.apart?.fork(this.#stay.id);
      if (fork !== undefined) return this.#goOnWith(fork);
      if (this.#journal === undefined) return;
      const found = await this.#journal.found();
      const saved = readSavedSession(found.kept?.value);
      this.#session.restore(saved, found);
      const who = saved ?? this.#session.cut?.about.details;
      [this.#account, this.#clientId] = [who?.account, who?.clientId];
      this.#arrived(saved, this.#session.cut?.about.details ?? saved);
      const { kept, turn } = found.lost;
      if (kept !== undefined || turn !== undefined) {
        log.warn({ session: this.#stay.id, kept, turn }, "what was said in a session before is lost");
        this.#notices.push(LOST);
      }
    } catch (error) {
      log.warn({ err: error, session: this.#stay.id }, "a session cannot know what was said in it elsewhere");
    }
    if (this.#account !== undefined && this.#visit === undefined) lonely.add(this);
  }

  /** By itself, apart from the session of the house. */
  #goOnWith(fork: Fork): void {
    const { account, clientId, handOvers = [], entry } = fork.saved;
    [this.#account, this.#clientId, this.#handOvers, this.#entry] = [account, clientId, handOvers, entry];
    forkInto(this.#session, fork);
    this.#ground.lonely.add(this);
  }

  async #open({ visit, input, replyTo }: Extract<SessionMessage, { readonly type: "open" }>): Promise<void> {
    const { services, log, lonely } = this.#ground;
    const entry = parseAddress(input.address).peer;
    if (this.#account === undefined && visit.continues !== undefined) {
      replyTo.tell({ type: "refused", why: "unknown" });
      return this.leave();
    }
    const isOtherMachine = visit.continues === "machine" && this.#entry !== entry;
    if (isOtherMachine || (this.#account !== undefined && this.#account !== visit.account)) {
      replyTo.tell({ type: "refused", why: "account" });
      return;
    }
    const arrival = arrivalOf(visit, this.#nowMs);
    const isTaken = visit.continues === undefined && isTakenFrom(visit.clientId, this.#handOvers);
    if (isTaken || (this.#visit !== undefined && isBefore(arrival, this.#visit.arrival))) {
      replyTo.tell({ type: "refused", why: "newer" });
      return;
    }
    const before = this.#visit;
    this.#visit = undefined;
    if (before !== undefined) await this.#turnOut(before.sitting, visit);
    const isHere = entry === parseAddress(this.#context.self.address).peer;
    const continued = visit.continues === undefined ? undefined : continuedOf(this.#found, entry === this.#ground.host);
    this.#came(visit, entry);
    this.#meet(visit);
    // Whoever goes on with it elsewhere is to know whose it is now.
    if (visit.continues !== undefined) this.#session.parts.record.settleBeside();
    lonely.remove(this);
    const sitting: Sitting = new Sitting({
      sessionId: this.#stay.id,
      visit,
      isPacked: !isHere && visit.takesPacked === true,
      session: this.#session,
      services,
      log,
      over: () => this.#left(sitting),
    });
    this.#visit = { sitting, entry, sinceMs: this.#nowMs, arrival };
    const out = this.#context.offerStream(sitting.out, { idleTimeoutMs: UNREAD_MS });
    const more = continued === undefined ? {} : { continued };
    const opened = { type: "opened" as const, out, takesPacked: true, ...more };
    if (replyTo.tell(opened) !== undefined) return sitting.end();
    const how = { window: WINDOW, idleTimeoutMs: SILENT_MS };
    // What comes from this very host was made by it.
    void sitting.read(
      isHere ? this.#context.readStream(input, how) : checked(this.#context.readStream<unknown>(input, how)),
    );
    if (this.isApart && !this.#isQuiet) void this.#notice(APART);
    for (const notice of this.#notices.splice(0)) void this.#notice(notice);
  }

  /** Another visit takes its place. Who continues it is told where the answer stands, once that has stopped, or does not in time. */
  async #turnOut(sitting: Sitting, { clientId, continues }: VisitCard): Promise<void> {
    if (continues !== undefined) void sitting.tell(continuedNotice(clientId));
    sitting.end({ isElsewhere: true });
    if (continues === undefined) return;
    await this.#briefly(sitting.atRest);
    this.#session.parts.record.leave();
  }

  /** Its client is told before it is gone. */
  async #endFor({ replyTo }: Extract<SessionMessage, { readonly type: "end" }>): Promise<void> {
    const sitting = this.#visit?.sitting;
    sitting?.end({ isEnded: true });
    if (sitting !== undefined) await this.#briefly(sitting.told);
    replyTo.tell(this.#account !== undefined);
    this.leave();
  }

  async #briefly(what: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#context.clock.after(AT_REST_MS, () => late.resolve());
    await Promise.race([what, late.promise]);
    timer.cancel();
  }

  get #found() {
    return { clientId: this.#clientId, turns: this.#session.turns, cut: this.#session.cut };
  }

  /** @param last where it was taken on last */
  #arrived(
    saved: SavedPlace | undefined,
    last: { readonly host?: string | undefined; readonly entry?: string | undefined } | undefined,
  ): void {
    const { host: to, whyMoved } = this.#ground;
    this.#handOvers = saved?.handOvers ?? [];
    this.#entry = last?.entry;
    if (last?.host === undefined) return;
    const why = last.host === to ? "restarted" : (whyMoved?.(last.host) ?? "host-died");
    this.#noteHandOver(last.host, to, asCut(why, this.#session.cut !== undefined));
  }

  #came({ clientId, continues }: VisitCard, entry: string): void {
    if (this.#entry !== undefined && this.#entry !== entry) this.#noteHandOver(this.#entry, entry, "entry-changed");
    this.#entry = entry;
    if (continues !== undefined && this.#clientId !== undefined && this.#clientId !== clientId)
      this.#noteHandOver(this.#clientId, clientId, "continued");
  }

  #noteHandOver(from: string, to: string, why: HandOverReason): void {
    this.#handOvers = withHandOver(this.#handOvers, { atMs: this.#nowMs, from, to, why });
  }

  /** What was said to another side of the house. */
  #merge({ branch, replyTo }: Extract<SessionMessage, { readonly type: "merge" }>): void {
    if (this.#account !== undefined && this.#account !== branch.account) {
      replyTo.tell({ type: "refused" });
      return;
    }
    this.#account ??= branch.account;
    this.#clientId ??= branch.clientId;
    const isSettled = mergeInto(this.#session, branch);
    if (!this.#merged.has(branch.branchId)) {
      this.#merged.add(branch.branchId);
      const news = [...branch.notices, ...(branch.isTold ? [TOGETHER] : [])];
      this.#notices = this.#notices.filter((each) => !isKnownIn(branch, each));
      for (const notice of news) void this.#notice(notice);
    }
    if (this.#visit === undefined) this.#ground.lonely.add(this);
    void whatBecame(isSettled, this.#journal).then((type) => replyTo.tell({ type }));
  }

  /** What the cluster has not taken of it goes to whoever goes on with it. */
  #leaveBehind(): void {
    const { left } = this.#ground;
    const { overtaken, isWaiting } = this.#journal ?? {};
    const isUnwritten = overtaken?.aborted === true || isWaiting === true || this.#journal?.position.state === "behind";
    const branch = isUnwritten && !this.#isOver && !this.#session.isBlank ? this.#branch(false) : undefined;
    // What has ended here may not have been told to anybody.
    if (branch !== undefined) left?.(this.#stay.id, { ...branch, mind: { ...branch.mind, past: [] } });
  }

  #meet({ account, clientId, remembers, timeZone }: VisitCard): void {
    const { memory } = this.#ground;
    this.#account = account;
    this.#clientId = clientId;
    this.#session.meet({
      remembered: remembers && memory !== undefined ? { memory, account } : undefined,
      timeZone,
    });
  }

  #left(sitting: Sitting): void {
    if (this.#visit?.sitting !== sitting) return;
    this.#visit = undefined;
    if (this.#context.signal.aborted) return;
    if (this.#session.isBlank) return this.leave();
    this.#ground.lonely.add(this);
  }

  /** What its client did not ask for; while nobody is there it waits. */
  async #notice(notice: Notice): Promise<void> {
    if ((await this.#visit?.sitting.tell(notice)) === true) return;
    this.#notices.push(notice);
    if (this.#notices.length > NOTICES_MAX) this.#notices.shift();
  }

  get #nowMs(): number {
    return (this.#ground.nowMs ?? Date.now)();
  }
}

async function* checked(items: AsyncIterable<unknown>): AsyncGenerator<SentIn> {
  for await (const item of items) yield readIn(item);
}
