import { describe, expect, it } from "vitest";
import type { ActorTransport, Lane, PhiAccrualOptions, TransportConnection } from "../../src/index.ts";
import { Hosts } from "./hosts.ts";

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
