import { describe, expect, it } from "vitest";
import type {
  ActorTransport,
  ConnectionReceiver,
  Lane,
  PhiAccrualOptions,
  TransportConnection,
} from "../../src/index.ts";
import { Hosts, type Host } from "./hosts.ts";

/** Frames that leave by connections which `transport` dials, once `counted` is cleared: of idle hosts these are heartbeats. */
function counting(
  transport: ActorTransport,
  heartbeatLanes: readonly Lane[] | undefined,
  counted: Lane[],
): ActorTransport {
  return {
    maxFrameBytes: transport.maxFrameBytes,
    listen: (accept) => transport.listen(accept),
    close: () => transport.close(),
    connect: async (peer, receiver, signal): Promise<TransportConnection> => {
      const connection = await transport.connect(peer, receiver, signal);
      return {
        peer: connection.peer,
        ...(heartbeatLanes === undefined ? {} : { heartbeatLanes }),
        send: (lane, frame) => {
          counted.push(lane);
          return connection.send(lane, frame);
        },
        end: () => connection.end(),
        destroy: () => connection.destroy(),
      };
    },
  };
}

async function secondOfBeats(
  heartbeatLanes?: readonly Lane[],
  failureDetector: Partial<PhiAccrualOptions> = {},
  afterMs = 500,
): Promise<readonly Lane[]> {
  const hosts = new Hosts();
  const lanes: Lane[] = [];
  const transport = counting(hosts.network.transport("left"), heartbeatLanes, lanes);
  const left = await hosts.start("left", { transport, failureDetector });
  await hosts.start("right", { failureDetector });
  left.system.watch(left.system.resolve("parley://right/nobody"), () => undefined);
  await hosts.clock.pass(afterMs);
  lanes.length = 0;
  await hosts.clock.pass(1_000);
  return lanes;
}

/** Two hosts over a connection with others' talk, as both ends of a real one have: the dialled one's is made to have it too. */
class Talkative {
  readonly hosts = new Hosts();
  readonly beats = { left: [] as Lane[], right: [] as Lane[] };
  readonly hears = { left: () => undefined as void, right: () => undefined as void };
  /** Until when others talk, and how often. */
  #talkMs = { untilMs: 0, everyMs: 100 };
  #saidMs = -Infinity;

  async start(rightHears: boolean, calmAfterMs = Infinity): Promise<{ readonly left: Host; readonly right: Host }> {
    const failureDetector = { heartbeatIntervalMs: 100, calmAfterMs };
    const left = await this.hosts.start("left", { transport: this.#transport("left", true), failureDetector });
    const right = await this.hosts.start("right", {
      transport: this.#transport("right", rightHears),
      failureDetector,
    });
    left.system.watch(left.system.resolve("parley://right/nobody"), () => undefined);
    await this.hosts.clock.pass(1_000);
    return { left, right };
  }

  /** Each end says something each `everyMs`, which the other hears. */
  async talk(ms: number, everyMs = 100): Promise<void> {
    const { clock } = this.hosts;
    this.#talkMs = { untilMs: clock.nowMs() + ms, everyMs };
    while (clock.nowMs() < this.#talkMs.untilMs) {
      this.#saidMs = clock.nowMs();
      this.hears.left();
      this.hears.right();
      await clock.pass(this.#talkMs.everyMs);
    }
  }

  #transport(name: "left" | "right", hasTalk: boolean): ActorTransport {
    const { network, clock } = this.hosts;
    const transport = network.transport(name);
    const beats = this.beats[name];
    const wrapped = (connection: TransportConnection): TransportConnection => ({
      peer: connection.peer,
      heartbeatLanes: ["message", "control"],
      ...(hasTalk ? { hasTalked: (ms: number) => clock.nowMs() - this.#saidMs <= ms } : {}),
      send: (lane, frame) => {
        beats.push(lane);
        return connection.send(lane, frame);
      },
      end: () => connection.end(),
      destroy: () => connection.destroy(),
    });
    const heard = (receiver: ConnectionReceiver): void => {
      this.hears[name] = () => receiver.heard();
    };
    return {
      maxFrameBytes: transport.maxFrameBytes,
      listen: (accept) =>
        transport.listen((connection) => {
          const receiver = accept(wrapped(connection));
          heard(receiver);
          return receiver;
        }),
      close: () => transport.close(),
      connect: async (peer, receiver, signal) => {
        const connection = await transport.connect(peer, receiver, signal);
        heard(receiver);
        return wrapped(connection);
      },
    };
  }
}

describe("heartbeats where others talk over the connection of the control lane", () => {
  it("are left out there as long as they do, and come again at once", async () => {
    const pair = new Talkative();
    await pair.start(true);
    for (const beats of Object.values(pair.beats)) beats.length = 0;
    await pair.talk(2_000);
    for (const beats of Object.values(pair.beats)) {
      expect(beats.length).toBeGreaterThanOrEqual(9);
      expect(new Set(beats)).toStrictEqual(new Set(["message"]));
      beats.length = 0;
    }
    await pair.hosts.clock.pass(1_000);
    for (const beats of Object.values(pair.beats)) {
      expect(beats.filter((lane) => lane === "control").length).toBeGreaterThanOrEqual(4);
    }
  });

  it("come all where the others say too little", async () => {
    const pair = new Talkative();
    await pair.start(true);
    pair.beats.left.length = 0;
    await pair.talk(6_000, 600);
    expect(pair.beats.left.filter((lane) => lane === "control").length).toBeGreaterThanOrEqual(20);
  });

  it("come all to a host that has not said that it hears the others", async () => {
    const pair = new Talkative();
    await pair.start(false);
    for (const beats of Object.values(pair.beats)) beats.length = 0;
    await pair.talk(2_000);
    for (const beats of Object.values(pair.beats))
      expect(beats.filter((lane) => lane === "control").length).toBeGreaterThanOrEqual(9);
  });

  it("are missed just as soon when the host falls silent with the others", async () => {
    const pair = new Talkative();
    const { left } = await pair.start(true);
    await pair.talk(20_000);
    pair.hosts.network.cut("right", "left");
    await pair.hosts.clock.pass(700);
    expect(left.changes.map(({ state }) => state)).toStrictEqual(["up"]);
    await pair.hosts.clock.pass(300);
    expect(left.changes.map(({ state }) => state)).toStrictEqual(["up", "down"]);
  });

  it("are half as many in the other lane once all has been on time for a while", async () => {
    const pair = new Talkative();
    await pair.start(true, 10_000);
    await pair.talk(12_000);
    pair.beats.left.length = 0;
    await pair.talk(4_000);
    expect(pair.beats.left).toStrictEqual(Array<Lane>(10).fill("message"));

    // What comes in that lane tells what is late.
    pair.hosts.network.setWeather("right", "left", { delayMs: 150 });
    await pair.talk(1_000);
    pair.beats.left.length = 0;
    await pair.talk(4_000);
    expect(pair.beats.left).toStrictEqual(Array<Lane>(20).fill("message"));
  });
});

describe("heartbeats of an idle host", () => {
  it("travel in all lanes at each beat", async () => {
    const lanes = await secondOfBeats();
    expect(lanes).toHaveLength(60);
    expect(lanes.slice(0, 3)).toStrictEqual(["control", "message", "bulk"]);
  });

  it("go round the lanes that have a connection of their own, one at each beat", async () => {
    const lanes = await secondOfBeats(["control", "message"]);
    expect(lanes).toHaveLength(20);
    expect(new Set([lanes[0], lanes[1]])).toStrictEqual(new Set(["control", "message"]));
    for (const [i, lane] of lanes.entries()) if (i > 0) expect(lane).not.toBe(lanes[i - 1]);
  });

  it("are half as many once all has been on time for a while", async () => {
    const detector = { heartbeatIntervalMs: 100, calmAfterMs: 10_000 };
    expect(await secondOfBeats(undefined, detector, 9_000)).toHaveLength(30);
    expect(await secondOfBeats(undefined, detector, 12_000)).toHaveLength(15);
  });
});
