/** The other host of the bench, in a process of its own: actors, and beside them a bare socket that does the same. */
import { createServer, type Socket } from "node:net";
import { createActorSystem, createRemoting } from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";
import { FrameSplitter, PREFIX_BYTES } from "../../src/testing/tcp/splitter.ts";
import type { BareOrder, FarOrder } from "./orders.ts";

const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const ports = JSON.parse(process.argv[2] ?? "{}") as Readonly<Record<string, number>>;
const transport = new TcpTransport({ portOf: (peer) => ports[peer] });
const remoting = createRemoting({ transport });
const system = createActorSystem({ peer: "far", remoting: remoting.remoting });

let counted = 0;
system.spawn<FarOrder>(
  (context) => (order) => {
    switch (order.type) {
      case "echo":
        order.replyTo.tell(order.payload);
        return;
      case "count":
        counted += 1;
        return;
      case "counted":
        order.replyTo.tell(counted);
        counted = 0;
        return;
      case "stream":
        order.replyTo.tell(context.offerStream(repeated(order)));
        return;
    }
  },
  { name: "bench", accepts: (message) => message as FarOrder, mailbox: { capacity: 1_000_000 } },
);

/** The same bytes each time: what is measured is their way. */
function repeated({ count, bytes }: { readonly count: number; readonly bytes: number }): readonly Uint8Array[] {
  const item = new Uint8Array(bytes);
  return Array.from({ length: count }, () => item);
}

const bare = createServer({ noDelay: true }, (socket) => serve(socket));

function serve(socket: Socket): void {
  const splitter = new FrameSplitter(MAX_FRAME_BYTES);
  let order: BareOrder | undefined;
  let left = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    for (const frame of splitter.framesOf(chunk)) {
      if (order === undefined || (left === 0 && order.type !== "echo")) {
        order = JSON.parse(Buffer.from(frame).toString()) as BareOrder;
        left = order.count;
        if (order.type === "send") void send(socket, order);
      } else if (order.type === "echo") {
        socket.write(framed(frame));
      } else {
        left -= 1;
        if (left === 0) socket.write(framed(Buffer.from("done")));
      }
    }
  });
}

async function send(
  socket: Socket,
  { count, bytes }: { readonly count: number; readonly bytes: number },
): Promise<void> {
  const frame = framed(new Uint8Array(bytes));
  for (let i = 0; i < count; i += 1) {
    if (socket.write(frame)) continue;
    await new Promise<void>((resolve) => {
      socket.once("drain", resolve);
    });
  }
}

function framed(frame: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + frame.length);
  bytes.writeUInt32BE(frame.length);
  bytes.set(frame, PREFIX_BYTES);
  return bytes;
}

process.on("disconnect", () => process.exit(0));
await remoting.start();
bare.listen(0, "127.0.0.1", () => {
  const address = bare.address();
  const barePort = address === null || typeof address === "string" ? 0 : address.port;
  process.send?.({ port: transport.port, barePort });
});
