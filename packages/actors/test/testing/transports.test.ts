import { describe, it } from "vitest";
import { MemoryNetwork, TcpTransport, transportSuite, VirtualClock } from "../../src/testing/index.ts";
import { seeded } from "./seeded.ts";

describe("transports", () => {
  transportSuite({
    name: "in memory",
    it,
    createWorld: () => {
      const clock = new VirtualClock();
      const network = new MemoryNetwork({ clock, random: seeded(7), maxFrameBytes: 1024 * 1024 });
      return Promise.resolve({
        transport: (peer) => network.transport(peer),
        until: (promise) => clock.until(promise),
        dispose: () => Promise.resolve(),
      });
    },
  });

  transportSuite({
    name: "over TCP",
    it,
    createWorld: () => {
      const hosts = new Map<string, TcpTransport>();
      return Promise.resolve({
        transport: (peer) => {
          const transport = new TcpTransport({ portOf: (name) => hosts.get(name)?.port });
          hosts.set(peer, transport);
          return transport;
        },
        dispose: () => Promise.resolve(),
      });
    },
  });
});
