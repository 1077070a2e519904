import { createActorSystem, type ActorSystem } from "@parley/actors";
import { describe, expect, it, onTestFinished } from "vitest";
import { acceptsSay, Rooms } from "../../src/services/rooms.ts";
import { fakePeer, fakePeerId } from "../fake-cluster.ts";

function rooms(listens: boolean, actors?: ActorSystem) {
  const said: string[] = [];
  const members = [fakePeer("attic", "A", { isSelf: true }), fakePeer("kitchen", "B")];
  const cluster = { actors, peerId: fakePeerId("A"), peers: () => members };
  const announce = (text: string): boolean => {
    if (listens) said.push(text);
    return listens;
  };
  return { said, rooms: new Rooms({ name: "attic", cluster, announce }) };
}

const signal = new AbortController().signal;

describe("other rooms", () => {
  it("include this one, by its name", async () => {
    const { rooms: here, said } = rooms(true);
    expect(await here.say("Attic", "dinner", signal)).toBe("Attic says it");
    expect(said).toEqual(["dinner"]);
  });

  it("that do not listen, cannot be reached or are none say so", async () => {
    const { rooms: here } = rooms(false);
    await expect(here.say("attic", "dinner", signal)).rejects.toThrow("attic does not listen now");
    await expect(here.say("kitchen", "dinner", signal)).rejects.toThrow("kitchen cannot be reached now");
    await expect(here.say("cellar", "dinner", signal)).rejects.toThrow(
      "no peer is called cellar; there are attic, kitchen",
    );
  });

  it("are asked as actors, which take nothing but a text", async () => {
    const system = createActorSystem({ peer: fakePeerId("B") });
    onTestFinished(() => system.stop());
    const { rooms: there, said } = rooms(true);
    const services = system.spawn<string>(
      (context) => {
        there.serve((behavior, options) => void context.spawn(behavior, options));
        return () => undefined;
      },
      { name: "services" },
    );
    const { rooms: here } = rooms(false, system);
    // They start in their own time.
    await expect.poll(() => here.say("kitchen", "dinner", signal).catch(String)).toBe("kitchen says it");
    expect(said).toEqual(["dinner"]);
    for (const wrong of [
      undefined,
      {},
      { type: "say" },
      { type: "say", text: "", replyTo: services },
      { type: "do" },
    ]) {
      expect(() => acceptsSay(wrong, fakePeerId("B"))).toThrow(expect.objectContaining({ code: "bad-message" }));
    }
  });
});
