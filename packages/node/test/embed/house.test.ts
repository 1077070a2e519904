/** What a program adds to its peer, as another peer of the house sees it. */
import { messageKinds, isActorRef, type ActorRef } from "@parley/actors";
import { expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { createPeer, defineActor, type EmbeddedPeer, type EmbedOptions } from "../../src/index.ts";
import { freePorts, SECRET } from "../cluster/host/peers.ts";
import { until } from "../mesh/host/hosts.ts";
import { temporaryFolder } from "../support.ts";

interface Greet {
  readonly type: "greet";
  readonly name: string;
  readonly replyTo: ActorRef<string>;
}

const accepts = messageKinds<Greet>("the greeter", {
  greet: (given) => {
    const replyTo = z.custom<Greet["replyTo"]>(isActorRef);
    return z.object({ type: z.literal("greet"), name: z.string(), replyTo }).parse(given);
  },
});

async function member(name: string, ports: readonly number[], own: number, more: EmbedOptions): Promise<EmbeddedPeer> {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  const { config, ...options } = more;
  const peer = await createPeer({
    home: path,
    name,
    port: 0,
    joinSecret: SECRET,
    ...options,
    config: {
      listen: { host: "127.0.0.1" },
      mesh: { host: "127.0.0.1", port: own },
      models: { download: false },
      llm: { provider: "embedded" },
      ...config,
      cluster: {
        discovery: "static",
        join: ports.map((port) => `127.0.0.1:${port}`).join(),
        ...config?.cluster,
      },
    },
  });
  onTestFinished(() => peer.close());
  return peer;
}

it("an engine and an actor of a program's own serve the other peers of its house", { timeout: 120_000 }, async () => {
  const ports = await freePorts(2);
  const [first = 0, second = 0] = ports;
  const thinker = await member("thinker", ports, first, {
    start: ["llm"],
    extend: {
      actors: {
        greeter: defineActor<Greet>(
          () =>
            ({ name, replyTo }) =>
              void replyTo.tell(`hello ${name}`),
          { accepts },
        ),
      },
      services: {
        llm: {
          id: "parrot",
          async *generate(messages) {
            yield `${messages.at(-1)?.content} indeed`;
          },
        },
      },
    },
  });
  const other = await member("other", ports, second, { config: { cluster: { roles: "client" } } });
  const peers = [thinker, other];
  await until(() => peers.every(({ cluster }) => cluster.peers().length === 2), "a house of two");
  await until(() => other.services.status().llm.elsewhere.length === 1, "what the other one offers");
  expect(other.services.status().llm.elsewhere).toMatchObject([{ name: "thinker", model: "parrot" }]);
  let answer = "";
  for await (const event of other.ask("so")) if (event.type === "text") answer += event.delta;
  expect(answer).toBe("so indeed");

  const greeter = other.cluster.actors?.resolve<unknown>(`parley://${thinker.identity.peerId}/app/greeter`);
  const greet = (name: unknown): Promise<unknown> | undefined =>
    greeter?.ask<string>((replyTo) => ({ type: "greet", name, replyTo }));
  expect(await greet("other")).toBe("hello other");
  await expect(greet(7)).rejects.toMatchObject({ code: "bad-message" });
});
