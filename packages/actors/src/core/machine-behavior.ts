/** XState 5 machines as actors: a message is an event, and the machine's clock is the system's. */
import {
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type SnapshotFrom,
} from "xstate";
import type { ActorContext, Behavior } from "./behavior.ts";
import type { Clock, Timer } from "./ports.ts";

export interface MachineOptions<Machine extends AnyStateMachine> {
  /** Made anew for each life. */
  readonly input?: (context: ActorContext<EventFromLogic<Machine>>) => InputFrom<Machine>;
  /** Sees every snapshot, also those that no message led to. What it throws is a crash. */
  readonly onSnapshot?: (snapshot: SnapshotFrom<Machine>, context: ActorContext<EventFromLogic<Machine>>) => void;
}

/**
 * Runs `machine`: a restart begins anew in its first state; its final state stops the actor; an error in it, also one of an
 * invoked promise that it does not handle, is a crash. What it invokes and delays ends with the life.
 */
export function machineBehavior<Machine extends AnyStateMachine>(
  machine: Machine,
  options: MachineOptions<Machine> = {},
): Behavior<EventFromLogic<Machine>> {
  return (context) => {
    let thrown: { readonly error: unknown } | undefined;
    let isInTurn = false;
    const actor = createActor(withoutOrphans(machine), {
      clock: machineClock(context.clock),
      input: options.input?.(context),
    });
    const failed = (error: unknown): void => {
      if (isInTurn) thrown = { error };
      else context.fail(error);
    };
    actor.subscribe({
      next: (snapshot) => {
        // What an observer throws XState would throw at the whole process.
        try {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it runs `machine`, whose type was widened above
          options.onSnapshot?.(snapshot as SnapshotFrom<Machine>, context);
        } catch (error) {
          failed(error);
        }
      },
      error: failed,
      complete: () => context.stop(),
    });
    const inTurn = (step: () => void): void => {
      isInTurn = true;
      step();
      isInTurn = false;
      if (thrown !== undefined) throw thrown.error;
    };
    context.signal.addEventListener("abort", () => actor.stop(), { once: true });
    inTurn(() => actor.start());
    return (event) => inTurn(() => actor.send(event));
  };
}

/** XState leaves what a machine has invoked running when the machine itself fails; here it ends with it. */
function withoutOrphans(machine: AnyStateMachine): AnyStateMachine {
  const transition: AnyStateMachine["transition"] = (snapshot, event, scope) => {
    const stopChildren = ({ children }: AnyMachineSnapshot): void => {
      for (const child of Object.values<AnyActorRef | undefined>(children))
        if (child !== undefined) scope.stopChild(child);
    };
    try {
      const next = machine.transition(snapshot, event, scope);
      if (next.status === "error") stopChildren(next);
      return next;
    } catch (error) {
      stopChildren(snapshot);
      throw error;
    }
  };
  // All else is the machine's own, which is not to be changed: others may run it too.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its prototype is a machine
  return Object.create(machine, { transition: { value: transition } }) as AnyStateMachine;
}

function machineClock(clock: Clock): {
  setTimeout(run: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
} {
  return {
    setTimeout: (run, delayMs) => clock.after(delayMs, run),
    clearTimeout: (timer) => timer.cancel(),
  };
}
