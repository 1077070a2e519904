import path from "node:path";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { interactionPage } from "../../tools/diagram/interaction-page.ts";
import { mermaid } from "../../tools/diagram/mermaid.ts";
import type { DrawnNode } from "../../tools/diagram/mermaid.ts";

const root = path.resolve(import.meta.dirname, "../..");

describe("docs/INTERACTION.md", () => {
  it("is drawn from the machine as it is (vitest -u rewrites it)", async () => {
    const page = await format(interactionPage(), { parser: "markdown", printWidth: 120 });
    await expect(page).toMatchFileSnapshot(path.join(root, "docs/INTERACTION.md"));
  });
});

/** A node with its children in it, as XState makes them: each knows its parent. */
function node(key: string, inner: readonly DrawnNode[] = [], more: Partial<DrawnNode> = {}): DrawnNode {
  const made: DrawnNode = {
    id: key,
    key,
    order: 0,
    states: Object.fromEntries(inner.map((child) => [child.key, child])),
    transitions: new Map(),
    initial: undefined,
    ...more,
  };
  for (const child of inner) Object.assign(child, { parent: made });
  return made;
}

describe("a drawn machine", () => {
  it("joins arrows, names timers, and keeps what leaves a state out of it", () => {
    const idle = node("idle");
    const first = node("first", [], {
      transitions: new Map([
        ["go", [{ eventType: "go", target: [idle] }]],
        ["late", [{ eventType: "xstate.after.patience.busy", target: [idle] }]],
        ["stay", [{ eventType: "stay", target: undefined }]],
      ]),
    });
    const last = node("last");
    const transitions = new Map([["finish", [{ eventType: "finish", target: [last] }]]]);
    const busy = node("busy", [first, last], { initial: { target: [first] }, transitions });
    Object.assign(last, { transitions: new Map([["again", [{ eventType: "again", target: [busy] }]]]) });
    expect(mermaid(node("machine", [idle, busy], { initial: { target: [idle] } })).split("\n")).toEqual([
      "stateDiagram-v2",
      "  [*] --> idle",
      "  state busy {",
      "    [*] --> busy.first",
      "    busy.first --> busy.last : finish",
      "    busy.last --> busy.first : again",
      "  }",
      "  busy.first --> idle : go, after patience",
    ]);
  });
});
