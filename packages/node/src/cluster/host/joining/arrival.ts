/**
 * A peer that may have been let in without hearing of it: its code was proven, and then it was switched off, or the stream broke.
 * Before it gives the last word it writes down who has proven to be a member; from then on it asks that one, which it tells
 * apart by its peer id (Noise), for its welcome until it has it, or hears that it was not let in. Nobody else is asked: anybody
 * can say welcome.
 */
import * as z from "zod";
import type { Logger } from "pino";
import { isPeerError, messageOf } from "../../../errors.ts";
import type { HomeFiles } from "../ground.ts";
import { pause } from "../pause.ts";
import type { Host, Place } from "./visits.ts";
import type { Welcome } from "./welcome.ts";

const noteSchema = z.strictObject({
  format: z.literal(1),
  /** Peer id of the member that has proven itself. */
  peer: z.string().min(1).max(128),
  addresses: z.array(z.string().max(256)).max(16).readonly(),
  cluster: z.string().min(1).max(64).nullable(),
});

export interface ArrivalOptions {
  readonly files: Pick<HomeFiles, "read" | "write" | "remove">;
  /** Where it is written down. */
  readonly path: string;
  readonly log: Logger;
  /** Asks that member for the welcome. @throws PeerError `admission-refused`, `revoked` when it has let nobody in; others */
  readonly ask: (place: Place, signal: AbortSignal) => Promise<Welcome>;
  /** Where else that member was met. */
  readonly addressesOf: (peer: string) => readonly string[];
  readonly enter: (welcome: Welcome) => Promise<void>;
  /** It was not let in after all. */
  readonly cameToNothing: () => void;
  readonly times?: ArrivalTimes;
}

export interface ArrivalTimes {
  /** Between two questions; doubled up to `rarelyMs`. */
  readonly againMs: number;
  readonly rarelyMs: number;
  /** For so long it may still be on its way in while that member says that it is not: longer than its door waits. */
  readonly underWayMs: number;
}

const TIMES: ArrivalTimes = { againMs: 500, rarelyMs: 30_000, underWayMs: 30_000 };
const ASK_MS = 10_000;

export class Arrival {
  readonly #options: ArrivalOptions;
  readonly #times: ArrivalTimes;
  readonly #over = new AbortController();
  #host: Host | undefined;
  #isAsking = false;

  constructor(options: ArrivalOptions) {
    this.#options = options;
    this.#times = options.times ?? TIMES;
  }

  /** Whether it may belong, for all it knows. */
  get isOpen(): boolean {
    return this.#host !== undefined;
  }

  /** What was written down in an earlier life. A note that nobody can read is none. @throws PeerError `home-unusable` */
  async recall(): Promise<void> {
    const text = await this.#options.files.read(this.#options.path);
    if (text === undefined) return;
    const note = noteSchema.safeParse(parsed(text));
    if (note.success) this.#host = note.data;
    else this.#options.log.warn({ path: this.#options.path }, "who may have let this peer in cannot be read any more");
  }

  /** From now on `host` may let this peer in. Durable when this returns. @throws PeerError `home-unusable` */
  async expect(host: Host): Promise<void> {
    await this.#options.files.write(this.#options.path, `${JSON.stringify({ format: 1, ...host })}\n`);
    this.#host = host;
  }

  /** It belongs, or was told that it does not. @throws PeerError `home-unusable` */
  async settled(): Promise<void> {
    if (this.#host === undefined) return;
    this.#host = undefined;
    await this.#options.files.remove(this.#options.path);
  }

  /** Asks until it is settled. Does nothing where there is nothing to ask, or it asks already. */
  pursue(): void {
    if (this.#isAsking || this.#host === undefined) return;
    this.#isAsking = true;
    const { log } = this.#options;
    this.#pursue()
      .catch((error: unknown) => log.error({ err: error }, "whether this peer was let in could not be settled"))
      .finally(() => (this.#isAsking = false));
  }

  stop(): void {
    this.#over.abort();
  }

  async #pursue(): Promise<void> {
    const untilMs = performance.now() + this.#times.underWayMs;
    let pauseMs = this.#times.againMs;
    for (;;) {
      const host = this.#host;
      if (host === undefined || this.#over.signal.aborted) return;
      const answer = await this.#ask(host);
      // Meanwhile it may have come in by another way.
      if (this.#host !== host) continue;
      if (answer === "no" && performance.now() >= untilMs) {
        await this.settled();
        return this.#options.cameToNothing();
      }
      await pause(pauseMs, this.#over.signal);
      pauseMs = Math.min(this.#times.rarelyMs, pauseMs * 2);
    }
  }

  async #ask(host: Host): Promise<"no" | "unknown"> {
    const { ask, addressesOf, enter, log } = this.#options;
    const addresses = [...new Set([...addressesOf(host.peer), ...host.addresses])];
    try {
      const within = AbortSignal.any([this.#over.signal, AbortSignal.timeout(ASK_MS)]);
      const welcome = await ask({ peer: host.peer, addresses }, within);
      if (host.cluster !== null && welcome.cluster !== host.cluster) return "no";
      // Who was let in by another way meanwhile does not go elsewhere.
      if (this.#host === host) await enter(welcome);
      return "unknown";
    } catch (error) {
      log.debug(
        { remote: host.peer, why: messageOf(error) },
        "no welcome from the member that may have let this peer in",
      );
      return isPeerError(error, "admission-refused", "revoked", "already-member") ? "no" : "unknown";
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no note: the caller says so.
    return undefined;
  }
}
