import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { Door } from "../door.ts";

it("a door hands on all bytes in order, also when it gets slow and quick again, until it is cut", async () => {
  const came: number[] = [];
  const server = createServer((socket) => socket.on("data", (bytes: Buffer) => void came.push(...bytes)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const door = await Door.open(() => ({ host: "127.0.0.1", port }));
  try {
    const [host = "", doorPort] = door.address.split(":");
    const client = connect({ host, port: Number(doorPort), noDelay: true });
    await once(client, "connect");
    const ended = once(client, "close");
    for (let n = 0; n < 200; n += 1) {
      if (n % 20 === 0) door.slow(n % 40 === 0 ? 15 : 0);
      client.write(Uint8Array.of(n));
      if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await expect.poll(() => came.length).toBe(200);
    expect(came).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(door.cut()).toBe(1);
    await ended;
  } finally {
    await door.close();
    server.close();
  }
});
