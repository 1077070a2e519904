/** A supervised voice in one process. */
import { type ActorSnapshot, createActorSystem } from "@parley/actors";
import { mind, soundOf, type Turn, Voice } from "./voice.ts";

export async function oneHost(say: (line: string) => void): Promise<void> {
  const system = createActorSystem({ peer: "kitchen" });
  const voice = system.spawn<Turn>((context) => new Voice(context, context.spawn(mind, { name: "mind" })), {
    name: "voice",
    mailbox: { capacity: 32, overflow: "refuse" },
    supervision: { strategy: "one-for-one", maxRestarts: 3, withinMs: 10_000 },
  });

  for (const text of ["hello", "divide by zero", "hello again"]) {
    say(await voice.ask<string>((replyTo) => ({ sound: soundOf(text), replyTo }), { timeoutMs: 5000 }));
  }

  for (const line of tree(system.inspect())) say(line);
  system.watch(voice, ({ reason }) => say(`the voice has ended: ${reason}`));
  await system.stop();
}

function tree(actors: readonly ActorSnapshot[]): readonly string[] {
  return actors.flatMap(({ path, state, restarts, mailboxDepth, children }) => [
    `${path} is ${state}, restarts ${restarts}, mailbox ${mailboxDepth}`,
    ...tree(children),
  ]);
}
