import { describe, expect, it } from "vitest";
import type { RemoteHost } from "../../src/core/remote.ts";
import { Inbox } from "../../src/remoting/inbox.ts";
import { DEFAULT_REMOTING_LIMITS } from "../../src/remoting/options.ts";
import { Places } from "../../src/remoting/places.ts";
import type { Answer } from "../../src/remoting/wire/control.ts";
import { decodeOffer, encodeOffer, type OfferFrame, stampOffer } from "../../src/remoting/wire/data.ts";
import { VirtualClock } from "../../src/testing/index.ts";

function offer(id: number, settledBelow: number): OfferFrame {
  const [frame] = encodeOffer("/ledger", id, true, id);
  stampOffer(frame, settledBelow, 60_000);
  return decodeOffer(frame);
}

function setUp(maxOutboxMessages: number) {
  const clock = new VirtualClock();
  const taken: unknown[] = [];
  const unused = (): never => {
    throw new Error("nobody should ask for this");
  };
  const host: RemoteHost = {
    peer: "right",
    resolve: unused,
    deliver: unused,
    offer: (_to, message) => {
      taken.push(message);
      return Promise.resolve();
    },
    watch: unused,
    terminated: unused,
    refused: unused,
    peerGone: unused,
    watched: unused,
  };
  const answers: Answer[] = [];
  const limits = { ...DEFAULT_REMOTING_LIMITS, maxOutboxMessages };
  const inbox = new Inbox({ host, clock, limits, places: new Places("right") }, "left", (answer) =>
    answers.push(answer),
  );
  const outcomeOf = (id: number): string | undefined => {
    const last = answers.findLast((answer) => answer.id === id);
    return last === undefined ? undefined : (last.failure?.code ?? "done");
  };
  return { clock, inbox, taken, outcomeOf };
}

describe("an inbox", () => {
  it("takes no message that had no room once later ones have been taken, however often it comes: it would be out of order", async () => {
    const { clock, inbox, taken, outcomeOf } = setUp(2);
    for (const id of [1, 2, 3]) inbox.take(offer(id, 1));
    await clock.pass(1);
    expect([1, 2, 3].map(outcomeOf)).toEqual(["done", "done", "mailbox-full"]);
    // Of that refusal its sender has not heard, and of the others it has.
    inbox.take(offer(4, 3));
    inbox.take(offer(3, 3));
    await clock.pass(1);
    expect(outcomeOf(3)).toBe("mailbox-full");
    expect(taken).toEqual([1, 2, 4]);
  });

  it("takes a message for which there was no room when it comes again before any later one", async () => {
    const { clock, inbox, taken, outcomeOf } = setUp(2);
    for (const id of [1, 2, 3]) inbox.take(offer(id, 1));
    await clock.pass(1);
    inbox.take(offer(3, 3));
    await clock.pass(1);
    expect(outcomeOf(3)).toBe("done");
    expect(taken).toEqual([1, 2, 3]);
  });
});
