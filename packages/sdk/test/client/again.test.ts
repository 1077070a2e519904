/** What a peer has no room for just now. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { againMs } from "../../src/client/again.ts";
import { createMessage, SERVER_ID, type Payload } from "../../src/index.ts";
import { clientOf, ProtocolPeer, type Guest } from "./protocol-peer.ts";

type Refusal = Payload<"ERROR">;
const FULL: Refusal = { errorCode: "RATE_LIMIT_EXCEEDED", errorMessage: "full", retryable: true };

function refuse(guest: Guest, inReplyTo: string, more: Partial<Refusal> = {}): void {
  guest.say(createMessage("ERROR", { ...FULL, ...more }, { from: SERVER_ID, inReplyTo }));
}

/** Its receiver has handled it. */
function delivered(guest: Guest, messageId: string): void {
  const eventData = { messageId, clientId: "lamp", attempts: 1, deliveredAt: 1 };
  guest.say(createMessage("EVENT", { eventType: "message_delivered", eventData, timestamp: 1 }, { from: SERVER_ID }));
}

describe("the pause before something is said again", () => {
  it("is at least what the peer asks for, grows, and has an end", () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.nat(60_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (again, retryAfterMs, random) => {
          const ms = againMs({ ...FULL, retryAfterMs }, again, random);
          if (again >= 6 || retryAfterMs > 30_000) expect(ms).toBeUndefined();
          else {
            expect(ms).toBeGreaterThanOrEqual(Math.max(retryAfterMs, 200));
            expect(ms).toBeLessThanOrEqual(Math.max(retryAfterMs, 5_000) * 1.25 + 1);
          }
        },
      ),
    );
    const pauses = [0, 1, 2, 3].map((again) => againMs(FULL, again, 0));
    expect(pauses).toEqual([200, 400, 800, 1_600]);
  });

  it("is none for what was refused for good, or for another reason", () => {
    expect(againMs({ ...FULL, retryable: false }, 0)).toBeUndefined();
    expect(againMs({ ...FULL, errorCode: "PROVIDER_ERROR" }, 0)).toBeUndefined();
    expect(againMs({ ...FULL, errorCode: "AUTHORIZATION_DENIED" }, 0)).toBeUndefined();
  });
});

describe("a client whose peer has no room", () => {
  it("says a command again after as long as the peer says, under the same id", async () => {
    const cameMs: number[] = [];
    const peer = await ProtocolPeer.start({
      onMessage: ({ messageId }, guest) => {
        cameMs.push(performance.now());
        if (cameMs.length === 1) refuse(guest, messageId, { retryAfterMs: 350 });
        else guest.result(messageId, { lamp: "on" });
      },
    });
    const client = await clientOf([peer]);
    expect(await client.run("lamp")).toEqual({ lamp: "on" });
    expect(new Set(peer.guest.messages.map(({ messageId }) => messageId)).size).toBe(1);
    const [first = 0, second = 0] = cameMs;
    expect(second - first).toBeGreaterThanOrEqual(349);
  });

  it("asks for work again, with all of its sound from the beginning", async () => {
    let asked = 0;
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        if (message.type !== "COMMAND") return;
        const { command, parameters } = message.payload;
        if (command === "listen") {
          asked += 1;
          if (asked < 3) refuse(guest, message.messageId, { retryAfterMs: 20 });
        }
        // The first two ends come late, or not at all.
        const [third] = guest.messages
          .filter((each) => each.type === "COMMAND" && each.payload.command === "listen")
          .slice(2);
        if (command === "input.end" && third !== undefined && parameters["commandId"] === third.messageId) {
          guest.event(third.messageId, "segment", { segment: 0, text: "well", startMs: 0, endMs: 100 });
          guest.result(third.messageId);
        }
      },
    });
    const client = await clientOf([peer]);
    async function* sound(): AsyncGenerator<Float32Array> {
      for (let n = 0; n < 5; n += 1) yield new Float32Array(1_600).fill(n / 10);
    }
    expect(await client.transcribe(sound())).toBe("well");
    const last = Math.max(...peer.guest.frames.map(({ stream }) => stream));
    const heard = peer.guest.frames.filter(({ stream }) => stream === last);
    expect(heard.reduce((sum, { samples }) => sum + samples.length, 0)).toBe(8_000);
    expect(heard[0]?.sequence).toBe(0);
    expect(asked).toBe(3);
  });

  it("gives up at once when its caller does, and says nothing again then", async () => {
    const peer = await ProtocolPeer.start({
      onMessage: ({ messageId }, guest) => refuse(guest, messageId, { retryAfterMs: 100 }),
    });
    const client = await clientOf([peer]);
    const stop = new AbortController();
    const running = client.run("lamp", {}, { signal: stop.signal });
    const asking = Array.fromAsync(client.ask({ text: "hello" }, { signal: stop.signal }));
    await expect.poll(() => peer.guest.messages.length).toBe(2);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    await expect(asking).rejects.toMatchObject({ code: "cancelled" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const named = peer.guest.messages.flatMap((each) => (each.type === "COMMAND" ? [each.payload.command] : []));
    expect(named.filter((name) => name !== "cancel").toSorted()).toEqual(["ask", "lamp"]);
  });

  it("is told when it would have to wait too long", async () => {
    const peer = await ProtocolPeer.start({
      onMessage: ({ messageId }, guest) => refuse(guest, messageId, { retryAfterMs: 60_000 }),
    });
    const client = await clientOf([peer]);
    const refused = { code: "refused", remoteCode: "RATE_LIMIT_EXCEEDED", retryable: true };
    await expect(client.run("lamp")).rejects.toMatchObject(refused);
    await expect(Array.fromAsync(client.ask({ text: "hello" }))).rejects.toMatchObject(refused);
    expect(peer.guest.messages).toHaveLength(2);
  });

  it("keeps the order of what it sends to one receiver", async () => {
    let refusals = 0;
    const came: string[] = [];
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        if (message.type !== "MESSAGE") return;
        const { messageId, payload } = message;
        // The first two find no room; what is behind them was sent already or waits.
        refusals += 1;
        if (refusals <= 2) return refuse(guest, messageId, { retryAfterMs: 20 });
        came.push(payload.content);
        delivered(guest, messageId);
      },
    });
    const client = await clientOf([peer]);
    const sent = ["a", "b"].map((content) => client.send({ clientId: "lamp" }, content));
    await expect.poll(() => peer.guest.messages.length).toBeGreaterThan(1);
    sent.push(client.send({ clientId: "lamp" }, "c"));
    await Promise.all(sent);
    expect(came).toEqual(["a", "b", "c"]);
  });

  it("does not say again to a receiver what something newer has overtaken", async () => {
    const came: string[] = [];
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        if (message.type !== "MESSAGE") return;
        const { messageId, payload } = message;
        if (payload.content === "a") return refuse(guest, messageId, { retryAfterMs: 20 });
        came.push(payload.content);
        delivered(guest, messageId);
      },
    });
    const client = await clientOf([peer]);
    const [first, second] = ["a", "b"].map((content) => client.send({ clientId: "lamp" }, content));
    await expect(first).rejects.toMatchObject({ code: "refused", retryable: true });
    await second;
    expect(came).toEqual(["b"]);
    expect(peer.guest.messages).toHaveLength(2);
  });
});
