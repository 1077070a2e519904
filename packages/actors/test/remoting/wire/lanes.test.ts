import { expect, it } from "vitest";
import type { TransportConnection } from "../../../src/index.ts";
import { Lanes } from "../../../src/remoting/lanes.ts";
import { HEADER_BYTES, KIND, newFrame, readHeader } from "../../../src/remoting/wire/header.ts";

it("frames are of the first version until both ends know what they speak, and of that version from then on", () => {
  const sent: Uint8Array[] = [];
  const connection = {
    peer: "b",
    send: (_lane: string, [frame]: readonly Uint8Array[]) =>
      sent.push(frame?.slice(0, HEADER_BYTES) ?? new Uint8Array()) > 0,
  } as unknown as TransportConnection;
  const lanes = new Lanes(connection, { maxQueuedFrames: 8, maxQueuedBytes: 1_000 } as never);
  lanes.send("control", [newFrame(KIND.hello, 0)]);
  lanes.speak(3);
  lanes.send("control", [newFrame(KIND.heartbeat, 0)]);
  lanes.send("message", [newFrame(KIND.tell, 0)]);
  expect(sent.map(readHeader)).toEqual([
    { version: 1, kind: KIND.hello, sequence: 0 },
    { version: 3, kind: KIND.heartbeat, sequence: 1 },
    { version: 3, kind: KIND.tell, sequence: 0 },
  ]);
});
