import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Allowances } from "../../../src/gateway/access/allowances.ts";
import { ClientBook } from "../../../src/gateway/access/client-book.ts";
import { Doorman } from "../../../src/gateway/access/doorman.ts";
import { Gate, THIS_MACHINE, type NotLetIn, type Principal } from "../../../src/gateway/access/gate.ts";
import { ResumeTokens } from "../../../src/gateway/access/resume.ts";
import { temporaryPairs } from "./temporary-pairs.ts";

const letIn = (found: Principal | NotLetIn): Principal => {
  if ("why" in found) throw new Error(found.why);
  return found;
};

async function house() {
  let nowMs = 0;
  const pairs = await temporaryPairs();
  const key = randomBytes(32);
  const clock = (): number => nowMs;
  const peer = (token: string) => {
    const book = new ClientBook(pairs, clock);
    return { book, gate: new Gate({ token, book, resume: new ResumeTokens(() => [key], clock), nowMs: clock }) };
  };
  return { peer, wait: (ms: number) => (nowMs += ms) };
}

describe("who comes to a peer", () => {
  it("is let in by the token of the machine or of a client, and by nothing else", async () => {
    const { gate, book } = (await house()).peer("machine-token");
    const { token } = await book.add({ name: "tablet", role: "guest", groups: ["family"], by: "x" });
    expect(gate.enter("machine-token", true)).toMatchObject({ account: THIS_MACHINE, role: "admin" });
    expect(gate.enter(token, true)).toMatchObject({ account: "tablet", role: "guest", groups: ["family"] });
    for (const wrong of ["", "machine-toke", "machine-token ", "tablet", token.toLowerCase()]) {
      expect(gate.enter(wrong, true)).toEqual({ why: "wrong token" });
    }
    await book.change("tablet", { isActive: false });
    expect(gate.enter(token, true)).toEqual({ why: "this client is locked out" });
  });

  it("is told to come later, and not that the token is wrong, by a peer that does not know yet whom its house lets in", async () => {
    const pairs = await temporaryPairs();
    const book = new ClientBook(pairs);
    let isKnown = false;
    const keys: Buffer[] = [];
    const resume = new ResumeTokens(() => keys);
    const gate = new Gate({ token: "machine", book, resume, isKnown: () => isKnown });
    const doorman = new Doorman({ gate, allowances: new Allowances({ messagesPerMinute: 0, audioBytesPerMinute: 0 }) });
    const from = { address: "10.0.0.7", isFromHere: false };
    for (let times = 0; times < 100; times += 1) {
      expect(doorman.enter("some token", from)).toMatchObject({ retryAfterMs: 300 });
      expect(doorman.stale(gate.comeAgain("some resume token", false) as NotLetIn, from)).toHaveProperty(
        "retryAfterMs",
      );
    }
    const { token } = await book.add({ name: "tablet", role: "guest", by: "x" });
    expect(doorman.enter(token, from)).toMatchObject({ account: "tablet" });
    isKnown = true;
    expect(doorman.enter("some token", from)).toEqual({ why: "wrong token" });
  });

  it("comes again at any peer of the house, for an hour", async () => {
    const { peer, wait } = await house();
    const [one, other] = [peer("one"), peer("other")];
    const { token } = await one.book.add({ name: "tablet", role: "member", by: "x" });
    const resume = one.gate.resumeToken(letIn(one.gate.enter(token, true)), "tablet/kitchen", "s-1") ?? "";
    await expect
      .poll(() => other.gate.comeAgain(resume, true))
      .toMatchObject({
        clientId: "tablet/kitchen",
        sessionId: "s-1",
        principal: { account: "tablet", role: "member" },
      });
    wait(3_600_000);
    expect(other.gate.comeAgain(resume, true)).toHaveProperty("why");
  });

  it("does not come again once locked out, taken away or given a new token; as what it is by then otherwise", async () => {
    const { gate, book } = (await house()).peer("one");
    const { token } = await book.add({ name: "tablet", role: "member", by: "x" });
    const principal = letIn(gate.enter(token, true));
    const resume = gate.resumeToken(principal, "tablet", "s-1") ?? "";
    await book.change("tablet", { role: "guest" });
    expect(gate.comeAgain(resume, true)).toMatchObject({ principal: { role: "guest" } });
    expect(gate.again(principal)).toMatchObject({ role: "guest" });
    await book.change("tablet", { isActive: false });
    expect(gate.comeAgain(resume, true)).toMatchObject({ why: "this client is locked out" });
    await book.change("tablet", { isActive: true });
    await book.renew("tablet");
    expect(gate.comeAgain(resume, true)).toMatchObject({ why: "the client has a new token since" });
    await book.remove("tablet");
    expect(gate.comeAgain(resume, true)).toMatchObject({ why: "wrong token" });
    expect(gate.again(principal)).toMatchObject({ why: "wrong token" });
  });
});
