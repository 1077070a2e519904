/** One run: all turns undisturbed, then all of them again while peers are hurt, and what differs. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lan, runsIn, type LivePeer, type NotedRun } from "@parley/node/testing";
import { connect } from "@parley/sdk";
import { check } from "./check.ts";
import { ScriptedClient } from "./client.ts";
import type { Door } from "./door.ts";
import { Faults, type FaultRecord } from "./faults.ts";
import { ConversationHouse } from "./house.ts";
import { reportOf, type ConversationReport } from "./report.ts";
import type { PlannedFault, PlannedTurn, Schedule } from "./schedule.ts";
import type { Taken, TimedTurn } from "./taken.ts";
import { houseVoice, tones, type Voice } from "./voice.ts";
import { nameOf, plain } from "./words.ts";

export interface ConversationOptions {
  readonly schedule: Schedule;
  readonly nodes: number;
  /** Where the models of real engines are; undefined: engines of fixed delay. */
  readonly models?: string | undefined;
  /** Where every turn's course is written, a line each; undefined: nowhere. */
  readonly historyPath?: string | undefined;
  /** Ends the run early; what was started is ended in order. */
  readonly signal: AbortSignal;
  /** Hears how it goes. */
  readonly onProgress?: (line: string) => void;
}

interface Phase {
  readonly turns: readonly TimedTurn[];
  readonly faults: readonly FaultRecord[];
  /** What nobody had asked. */
  readonly strays: readonly string[];
  /** By client. */
  readonly recited: readonly (readonly string[])[];
}

/** Why links cannot be hurt here; undefined when they can. */
export function obstacle(): string | undefined {
  return Lan.obstacle();
}

export async function runConversationChaos(options: ConversationOptions): Promise<ConversationReport> {
  const { schedule, nodes, models, onProgress } = options;
  const folder = await mkdtemp(join(tmpdir(), "parley-conversation-"));
  try {
    const notes = join(folder, "runs.jsonl");
    const house = await ConversationHouse.open(nodes, { netns: schedule.netns, notesPath: notes, models });
    try {
      const voice = models === undefined ? tones : await voiceOf(house, schedule, onProgress);
      onProgress?.(`${schedule.turns.length} turns without faults`);
      const calm = await play(house, { ...options, voice }, false);
      const before = runsIn(notes).length;
      onProgress?.("the same turns with faults");
      const storm = await play(house, { ...options, voice }, true);
      const [undisturbed, given] = [calm.turns, storm.turns];
      const runs = runsIn(notes).slice(before);
      if (options.historyPath !== undefined) await writeHistory(options.historyPath, calm, storm, runs);
      // Of a run that was broken off, what was asked before.
      const wasAsked = ({ number }: PlannedTurn): boolean =>
        [undisturbed, given].every((turns) => turns.some((turn) => turn.number === number));
      const plan = options.signal.aborted ? schedule.turns.filter(wasAsked) : schedule.turns;
      const recited = storm.recited.map((names, client) => {
        return { client, undisturbed: calm.recited[client] ?? [], given: names };
      });
      const findings = check({ plan, undisturbed, given, runs, recited, isReal: models !== undefined });
      const strays = [...calm.strays, ...storm.strays].map((text) => `a turn that nobody asked for: ${text}`);
      const violations = [...strays, ...house.household.crashes()];
      return reportOf({ schedule, undisturbed, given, faults: storm.faults, findings, violations });
    } finally {
      await house.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Real ears understand no tones: the house says what is to be said, and that is what clients say. */
async function voiceOf(
  house: ConversationHouse,
  schedule: Schedule,
  onProgress: ConversationOptions["onProgress"],
): Promise<Voice> {
  onProgress?.("the house speaks what is to be said");
  const [peer] = house.peers;
  if (peer === undefined) throw new Error("there are no peers");
  const token = await house.admit("speaker");
  const door = await house.doorTo(peer);
  const client = await connect({ url: `ws://${door.address}/ws`, token, clientId: "speaker" });
  try {
    return await houseVoice(client, schedule);
  } finally {
    client.close();
    await door.close();
  }
}

async function writeHistory(path: string, calm: Phase, storm: Phase, runs: readonly NotedRun[]): Promise<void> {
  const lines = [
    ...calm.turns.map((turn) => ({ undisturbed: turn })),
    ...storm.faults.map((fault) => ({ fault })),
    ...runs.map((run) => ({ run })),
    { recited: { undisturbed: calm.recited, given: storm.recited } },
    ...storm.turns.map((turn) => ({ turn })),
  ];
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** All turns of all clients, which go side by side. */
async function play(
  house: ConversationHouse,
  options: ConversationOptions & { readonly voice: Voice },
  isHurt: boolean,
): Promise<Phase> {
  const { schedule, models, voice, signal, onProgress } = options;
  const turns: TimedTurn[] = [];
  const faults: FaultRecord[] = [];
  const strays: string[] = [];
  let recited: readonly (readonly string[])[] = [];
  const desk = new FaultDesk(house, faults);
  const players = await Promise.all(
    Array.from({ length: schedule.clients }, (_, n) =>
      Player.open(house, `${isHurt ? "hurt" : "calm"}-${n}`, n, voice),
    ),
  );
  try {
    const playing = players.map(async (player, n) => {
      for (const turn of schedule.turns.filter(({ client }) => client === n)) {
        if (signal.aborted) return;
        const given = await (isHurt && turn.fault !== undefined
          ? desk.disturb(turn, turn.fault, player)
          : player.client.take(turn, () => undefined));
        turns.push(given);
        const how = given.failure === undefined ? "" : `: ${given.failure}`;
        onProgress?.(
          `${turns.length}/${schedule.turns.length}: turn ${turn.number}, ${turn.kind}${hurtBy(turn, isHurt)}${how}`,
        );
      }
    });
    await Promise.all(playing);
    if (isHurt) await house.untilWhole();
    const read = models === undefined ? (answer: string): string => answer : plain;
    if (!signal.aborted) recited = await Promise.all(players.map(({ client }) => client.recite(read)));
  } finally {
    for (const player of players) {
      player.client.close();
      strays.push(...player.client.strays);
      await player.close();
    }
  }
  return { turns, faults, strays, recited };
}

function hurtBy({ fault }: PlannedTurn, isHurt: boolean): string {
  return isHurt && fault !== undefined ? `, ${fault.kind} of ${fault.target} ${fault.moment}` : "";
}

/** A client, and its ways to the peers. */
class Player {
  readonly client: ScriptedClient;
  readonly doors: ReadonlyMap<LivePeer, Door>;

  private constructor(client: ScriptedClient, doors: ReadonlyMap<LivePeer, Door>) {
    this.client = client;
    this.doors = doors;
  }

  static async open(house: ConversationHouse, name: string, number: number, voice: Voice): Promise<Player> {
    const token = await house.admit(name);
    const doors = new Map<LivePeer, Door>();
    for (const peer of house.peers) doors.set(peer, await house.doorTo(peer));
    const urls = [...doors.values()].map(({ address }) => `ws://${address}/ws`);
    const first = number % urls.length;
    const client = await ScriptedClient.open(name, [...urls.slice(first), ...urls.slice(0, first)], token, voice);
    return new Player(client, doors);
  }

  async close(): Promise<void> {
    for (const door of this.doors.values()) await door.close();
  }
}

/** One fault at a time: the next one waits until all peers are back. */
class FaultDesk {
  readonly #house: ConversationHouse;
  readonly #faults: Faults;
  readonly #records: FaultRecord[];
  #before: Promise<unknown> = Promise.resolve();

  constructor(house: ConversationHouse, records: FaultRecord[]) {
    this.#house = house;
    this.#faults = new Faults(house);
    this.#records = records;
  }

  async disturb(turn: PlannedTurn, fault: PlannedFault, player: Player): Promise<TimedTurn> {
    const { promise: over, resolve: release } = Promise.withResolvers<void>();
    const before = this.#before;
    this.#before = over;
    await before;
    try {
      await this.#house.untilWhole();
      let hurting: Promise<void> | undefined;
      const given = await player.client.take(turn, (taken) => {
        hurting = this.#hurt(turn, fault, player, taken);
        // It is met below; nobody may be there yet.
        hurting.catch(() => undefined);
      });
      await hurting;
      return given;
    } finally {
      release();
    }
  }

  async #hurt(turn: PlannedTurn, fault: PlannedFault, { client, doors }: Player, taken: Taken): Promise<void> {
    const note = (what: string): void => taken.note(what);
    const of = nameOf(turn.number);
    const already = runsIn(this.#house.notesPath).length;
    const hasTool = (): boolean => {
      const own = runsIn(this.#house.notesPath)
        .slice(already)
        .filter((run) => run.of === of);
      return own.length > 0 && !own.some(({ point }) => point === "done");
    };
    const done = await this.#faults.carryOut(fault, {
      turn: turn.number,
      client,
      doors,
      progress: taken.progress,
      note,
      hasTool,
    });
    if (done === undefined) return;
    await done.undo();
    this.#records.push(await done.record);
  }
}
