/** Who waits at the doors of other members. A newcomer stands at some of them only: who looks for it asks them all, when it is looked for. */
import { messageKinds, type ActorRef, type ActorSystem } from "@parley/actors";
import * as z from "zod";
import { replyToOf } from "./ref.ts";

const NAME = "door";
/** More than wait anywhere. */
const MAX_WAITING = 64;

interface DoorQuery {
  readonly type: "who-waits";
  readonly replyTo: ActorRef<readonly Waiting[]>;
}

const waitingSchema = z.object({ peerId: z.string().min(1).max(128), name: z.string().max(128) });
const answerSchema = z.array(waitingSchema).max(MAX_WAITING);

/** One that knocks. */
export type Waiting = z.output<typeof waitingSchema>;

/** From now on members that ask are told who waits here. */
export function answerAtDoor(system: ActorSystem, waiting: () => readonly Waiting[]): void {
  system.spawn<DoorQuery>(
    () =>
      ({ replyTo }) =>
        void replyTo.tell(waiting().map(({ peerId, name }) => ({ peerId, name }))),
    {
      name: NAME,
      accepts: messageKinds<DoorQuery>(NAME, {
        "who-waits": (message) => ({ type: "who-waits", replyTo: replyToOf(message) }),
      }),
    },
  );
}

/** Who waits at the doors of `peers`, by the peer where it waits. Who does not answer in time, or nonsense, is left out. */
export async function waitingAt(
  system: ActorSystem,
  peers: readonly string[],
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<ReadonlyMap<string, readonly Waiting[]>> {
  const answers = await Promise.all(
    peers.map(async (peer) => {
      const door = system.resolve<DoorQuery>(`parley://${peer}/${NAME}`);
      const asked = door.ask<unknown>((replyTo) => ({ type: "who-waits", replyTo }), { timeoutMs });
      const answer = answerSchema.safeParse(await asked.catch(() => undefined));
      return [peer, answer.data ?? []] as const;
    }),
  );
  return new Map(answers);
}
