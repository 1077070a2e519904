import type { ActorTransport } from "@parley/actors";
import { transportSuite } from "@parley/actors/testing";
import { describe, it } from "vitest";
import { createActorTransport } from "../../../../src/mesh/transports/actors/actor-transport.ts";
import { linkAll, startMeshPeer, type MeshPeer } from "../mesh.ts";

describe("the transport of actors over links", () => {
  transportSuite({
    name: "over libp2p",
    it,
    createWorld: async () => {
      const peers = await Promise.all([startMeshPeer(), startMeshPeer()]);
      await linkAll(peers);
      const byName = new Map<string, MeshPeer>(["left", "right"].map((name, i) => [name, peers[i] as MeshPeer]));
      return {
        transport: (name): ActorTransport => {
          const peer = byName.get(name);
          if (peer === undefined) throw new Error(`${name} is not one of the two`);
          const transport = createActorTransport(peer);
          return {
            maxFrameBytes: transport.maxFrameBytes,
            listen: (accept) => transport.listen(accept),
            connect: (to, receiver, signal) => transport.connect(byName.get(to)?.id ?? to, receiver, signal),
            close: () => transport.close(),
          };
        },
        dispose: () => Promise.resolve(),
      };
    },
  });
});
