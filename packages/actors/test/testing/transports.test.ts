import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { MemoryNetwork, TcpTransport, transportSuite, VirtualClock } from "../../src/testing/index.ts";
import { TcpConnection } from "../../src/testing/tcp/tcp-connection.ts";
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

describe("a TCP connection", () => {
  it("that is destroyed while it ends leaves no socket open", async () => {
    const sockets: Socket[] = [];
    const closed = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      sockets.push(socket);
      const [control, message, bulk] = sockets;
      if (control === undefined || message === undefined || bulk === undefined) return;
      const ignore = { frame: () => undefined, drained: () => undefined, heard: () => undefined };
      const receiver = { ...ignore, closed: () => closed.resolve() };
      const connection = new TcpConnection(
        { control, message, bulk },
        1_024,
        () => receiver,
        () => undefined,
      );
      connection.end();
      connection.destroy();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    for (let lane = 0; lane < 3; lane += 1) connect(address.port, "127.0.0.1").resume();
    await closed.promise;
    await new Promise((resolve) => {
      server.close(resolve);
    });
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  });
});
