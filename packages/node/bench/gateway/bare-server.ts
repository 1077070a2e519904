/**
 * What a gateway is measured beside: a bare WebSocket server in a process of its own, which answers every text frame with as much, and
 * every binary one with when it came, in milliseconds of the machine's clock.
 */
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { machineMs } from "../../src/testing/index.ts";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket) =>
  socket.on("message", (data: Buffer, isBinary: boolean) =>
    socket.send(isBinary ? String(machineMs()) : data.toString()),
  ),
);
process.on("disconnect", () => process.exit(0));
await once(server, "listening");
const address = server.address();
process.send?.({ port: typeof address === "object" && address !== null ? address.port : 0 });
