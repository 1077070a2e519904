import { describe, expect, it } from "vitest";
import { Allowances } from "../../../src/gateway/access/allowances.ts";
import { ClientBook } from "../../../src/gateway/access/client-book.ts";
import { Doorman } from "../../../src/gateway/access/doorman.ts";
import { Gate } from "../../../src/gateway/access/gate.ts";
import { ResumeTokens } from "../../../src/gateway/access/resume.ts";
import type { Deed, Pass } from "../../../src/gateway/access-port.ts";
import { GateAccess } from "../../../src/gateway/gate-access.ts";
import { temporaryPairs } from "./temporary-pairs.ts";

async function passOf(role: "guest" | "member" | "bridge"): Promise<Pass> {
  const book = new ClientBook(await temporaryPairs());
  const { token } = await book.add({ name: "tablet", role, by: "x" });
  const gate = new Gate({ token: "machine", book, resume: new ResumeTokens(() => []) });
  const allowances = new Allowances({ messagesPerMinute: 0, audioBytesPerMinute: 0 });
  const doorman = new Doorman({ gate, allowances });
  const pass = new GateAccess(doorman, book).authenticate({
    register: { clientId: "tablet", authToken: token, clientType: "api" },
    newSessionId: () => "s",
    from: { address: "127.0.0.1", isFromHere: true },
  });
  if (!("account" in pass)) throw new Error(pass.why);
  return pass;
}

const query = (name: string): Deed => ({ type: "QUERY", name, to: { kind: "peer" } });

describe("who was let in", () => {
  it("may know where else the house can be reached, whatever its role", async () => {
    for (const role of ["guest", "member", "bridge"] as const) {
      expect((await passOf(role)).refusalOf(query("get_active_nodes"))).toBeUndefined();
    }
  });

  it("is told the rest of the house only with the right to look", async () => {
    const guest = await passOf("guest");
    for (const name of ["get_status", "get_node_details", "get_sessions", "recall_memory", "get_message_status", "any"])
      expect(guest.refusalOf(query(name))).toContain("guest");
    const bridge = await passOf("bridge");
    expect(bridge.refusalOf(query("get_status"))).toBeUndefined();
    expect(bridge.refusalOf(query("recall_memory"))).toContain("bridge");
  });
});
