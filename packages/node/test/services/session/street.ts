/** Peers with sessions: real actors over a network in memory, a model that says what it was shown. */
import { onTestFinished } from "vitest";
import { createActorSystem, createRemoting, systemClock, type ActorSystem, type Clock } from "@parley/actors";
import { MemoryNetwork, MemoryPlacement } from "@parley/actors/testing";
import { createMessage, type Continued } from "@parley/sdk";
import type { LanguageModel } from "../../../src/providers/language-model.ts";
import { Services } from "../../../src/services/services.ts";
import { SessionHouse } from "../../../src/services/session/house.ts";
import type { Visit, VisitEnd } from "../../../src/services/session/visit.ts";
import type { SessionIn, SessionOut, VisitCard } from "../../../src/services/session/wire.ts";
import type { Journals } from "../../../src/cluster/journal/port.ts";
import type { FlagValues } from "../../../src/config/index.ts";
import type { StreetJournals } from "./street-journals.ts";
import { overheard } from "../overheard.ts";
import { eventually, fixedDelaySources, noLog, testConfig } from "../../support.ts";

export interface Resident {
  readonly house: SessionHouse;
  /** Undefined: it belongs to no cluster. */
  readonly system: ActorSystem | undefined;
}

/** Says which peer thinks, and what it was shown; "hang" is never answered, "linger" is, and cannot be cut short, "much" is answered at length, "note" in a word, "show" with all notes. */
const modelOf = (peer: string): LanguageModel => ({
  id: `model of ${peer}`,
  async *generate(messages, { signal } = {}) {
    const last = messages.at(-1)?.content ?? "";
    if (last === "hang") await new Promise((_resolve, reject) => signal?.addEventListener("abort", reject));
    if (last === "linger") {
      yield "First. Then";
      await new Promise((resolve) => setTimeout(resolve, LINGERS_MS));
      return yield " this.";
    }
    if (last === "First. Then") return yield " this.";
    if (last.startsWith("note ")) return yield "Noted.";
    const notes = messages.filter(({ role, content }) => role === "user" && content.startsWith("note "));
    if (last === "show") return yield notes.map(({ content }) => content.slice("note ".length)).join(",");
    yield `${peer}: `;
    if (last === "much") for (let n = 0; n < 2_000; n += 1) yield `${n} `;
    yield messages.map(({ content }) => content).join(" | ");
  },
});

const SHARDS = 12;
/** Longer than anybody waits for work that has to stop. */
const LINGERS_MS = 3_000;

export class Street {
  readonly clock: Clock = systemClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: Math.random });
  readonly placement: MemoryPlacement;
  /** Where sessions are written down; nowhere, when undefined. */
  journals: StreetJournals | undefined;
  /** Sees all that goes from one to another. */
  onBytes: ((from: string, bytes: Buffer) => void) | undefined;
  readonly #peers: readonly string[];

  constructor(peers: readonly string[]) {
    this.#peers = peers;
    this.placement = new MemoryPlacement({ clock: this.clock, members: peers, shards: SHARDS });
  }

  /** All of them, once it is agreed who has which sessions. Ends with the test. */
  async build(flags: FlagValues = {}): Promise<readonly Resident[]> {
    const residents = await this.begin(flags);
    await this.agree();
    return residents;
  }

  /** All of them, before anything is agreed on. Ends with the test. */
  begin(flags: FlagValues = {}): Promise<readonly Resident[]> {
    return Promise.all(this.#peers.map((peer) => this.#settle(peer, flags)));
  }

  async agree(): Promise<void> {
    this.placement.elect(this.#peers[0]);
    // Fairly, and all have heard of it: nothing moves any more.
    await eventually(() => this.#peers.every((peer) => this.#isSettled(peer))).toBe(true);
  }

  #isSettled(peer: string): boolean {
    const owners = this.placement
      .tableOf(peer)
      .read()
      .rows.map(({ owner = "" }) => owner);
    const share = SHARDS / this.#peers.length;
    return this.#peers.every(
      (each) => owners.filter((owner) => owner.startsWith(`parley://${each}/`)).length === share,
    );
  }

  async #settle(peer: string, flags: FlagValues): Promise<Resident> {
    const { clock } = this;
    const remoting = createRemoting({
      transport: overheard(this.network.transport(peer), (bytes) => this.onBytes?.(peer, bytes)),
      clock,
    });
    const system = createActorSystem({ peer, clock, remoting: remoting.remoting });
    await remoting.start();
    const placement = {
      table: this.placement.tableOf(peer),
      leadership: this.placement.leadershipOf(peer),
      members: this.placement.members(),
    };
    const journals = this.journals?.of(peer);
    const house = residentHouse(peer, { flags, system, placement: () => placement, journals });
    onTestFinished(() => system.stop());
    return { house, system };
  }
}

/** The house of one peer; by itself where there is no system. Ends with the test. */
export function residentHouse(
  peer: string,
  more: {
    readonly flags?: FlagValues;
    readonly system?: ActorSystem;
    readonly placement?: ConstructorParameters<typeof SessionHouse>[0]["placement"];
    readonly clock?: Clock;
    readonly journals?: Journals | undefined;
  } = {},
): SessionHouse {
  const { flags = {}, system, placement, clock, journals } = more;
  const config = testConfig("/nowhere", { ...flags, "llm.system_prompt": "S", "llm.tools": "off" });
  const services = new Services({
    config,
    sources: fixedDelaySources({}),
    given: { llm: modelOf(peer) },
    patient: true,
  });
  const cluster = { actors: system, peerId: peer, shared: undefined, journals, onChange: () => () => undefined };
  const house = new SessionHouse({ cluster, services, log: noLog, placement, clock });
  onTestFinished(async () => {
    await house.close();
    await services.close();
  });
  return house;
}

/** A client at one of them. */
export class Caller {
  readonly sessionId: string;
  readonly heard: SessionOut[] = [];
  readonly visit: Visit;
  end: VisitEnd | undefined;
  /** What it has found, where it goes on with a session. */
  found: Continued | undefined;
  /** What it has to wait for before it hears on. */
  deaf: Promise<void> | undefined;

  constructor(
    house: SessionHouse,
    {
      sessionId,
      isNew = false,
      ...card
    }: Partial<VisitCard> & { readonly sessionId: string; readonly isNew?: boolean },
  ) {
    this.sessionId = sessionId;
    const whole = { visitId: crypto.randomUUID(), clientId: "c", account: "anna", remembers: false, streams: false };
    this.visit = house.open({
      sessionId,
      isNew,
      card: { ...whole, ...card },
      hearer: {
        out: async (item) => {
          this.heard.push(item);
          await this.deaf;
        },
        over: (end) => (this.end = end),
        opened: (continued) => (this.found = continued),
      },
    });
    onTestFinished(() => this.visit.close());
  }

  say(item: SessionIn): void {
    void this.visit.push(item);
  }

  /** Its answer. */
  async ask(content: string, privacy?: "host"): Promise<string> {
    const how = privacy === undefined ? {} : { privacy };
    const message = createMessage("MESSAGE", { content, contentType: "text/plain", ...how }, { from: "c" });
    this.say({ type: "question", message });
    const answer = (): string | undefined => this.answers.get(message.messageId);
    await eventually(answer).toBeDefined();
    return answer() ?? "";
  }

  /** By the question that each answers. */
  get answers(): ReadonlyMap<string, string> {
    return new Map(
      this.heard.flatMap((item) => {
        if (item.type !== "message") return [];
        const { message } = item;
        return message.type === "MESSAGE" ? [[message.inReplyTo ?? "", message.payload.content] as const] : [];
      }),
    );
  }
}
