/** What this program adds to its peer: a command, an actor, a tool, and two engines. */
import { messageKinds, isActorRef, type ActorRef } from "@parley/actors";
import { CommandError, defineActor, defineCommand, defineTool, type Extension } from "@parley/node";
import * as z from "zod";
import { beeps } from "./beeps.ts";
import { ROOMS, type Lights } from "./lights.ts";
import { houseRules } from "./rules.ts";

/** What other peers may ask the actor `parley://PEER/app/lights`. */
export interface AskLights {
  readonly type: "lit";
  readonly replyTo: ActorRef<readonly string[]>;
}

const order = z.object({ room: z.enum(ROOMS), isOn: z.boolean() });
/** How long a lamp takes; a real one is asked over the network. */
const SWITCHING_MS = 20;

export function extensionFor(lights: Lights): Extension {
  return {
    // Clients: client.run("lights.set", { room: "hall", isOn: true }, { onEvent })
    commands: {
      "lights.set": defineCommand({
        parameters: order,
        right: "command",
        run: async ({ room, isOn }, { emit, signal }) => {
          if (lights.lit.includes(room) === isOn) {
            throw new CommandError("already-so", `the light in the ${room} is ${isOn ? "on" : "off"} already`, {
              nextStep: "There is nothing to do.",
            });
          }
          await emit("switching", { room });
          await new Promise((resolve) => setTimeout(resolve, SWITCHING_MS));
          signal.throwIfAborted();
          lights.set(room, isOn);
          return { lit: lights.lit };
        },
      }),
    },
    // Other peers: system.resolve("parley://PEER/app/lights").ask(...)
    actors: {
      lights: defineActor<AskLights>(
        () =>
          ({ replyTo }) =>
            void replyTo.tell(lights.lit),
        { accepts },
      ),
    },
    // The language model, while it answers.
    tools: [
      defineTool({
        name: "lights",
        description: "Turns the light of a room on or off.",
        usage: `{"room": "one of ${ROOMS.join(", ")}", "isOn": "true or false"}`,
        repeats: "by-key",
        hasEffects: true,
        parameters: order,
        run: ({ room, isOn }) => {
          lights.set(room, isOn);
          return lights.describe();
        },
      }),
    ],
    // Used in place of the peer's own engines, and by the other peers of the house as well.
    services: { llm: houseRules, tts: beeps },
  };
}

/** What comes from another peer is looked at before the actor sees it. */
const accepts = messageKinds<AskLights>("the lights", {
  lit: (given) => {
    const { replyTo } = z.object({ replyTo: z.custom<AskLights["replyTo"]>(isActorRef) }).parse(given);
    return { type: "lit", replyTo };
  },
});
