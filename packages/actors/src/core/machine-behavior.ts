/** XState 5 machines as actors: a message is an event, and the machine's clock is the system's. */
import { type AnyStateMachine, createActor, type EventFromLogic, type InputFrom, type SnapshotFrom } from "xstate";
import type { ActorContext, Behavior } from "./behavior.ts";
import type { Clock, Timer } from "./ports.ts";

export interface MachineOptions<Machine extends AnyStateMachine> {
  /** Made anew for each life. */
  readonly input?: (context: ActorContext<EventFromLogic<Machine>>) => InputFrom<Machine>;
  /** Sees every snapshot, also those that no message led to. */
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
    const actor = createActor<AnyStateMachine>(machine, {
      clock: machineClock(context.clock),
      input: options.input?.(context),
    });
    actor.subscribe({
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it runs `machine`, whose type was widened above
      next: (snapshot) => options.onSnapshot?.(snapshot as SnapshotFrom<Machine>, context),
      error: (error) => {
        if (isInTurn) thrown = { error };
        else context.fail(error);
      },
      complete: () => context.stop(),
    });
    const inTurn = (step: () => void): void => {
      isInTurn = true;
      step();
      isInTurn = false;
      if (thrown !== undefined) throw thrown.error;
    };
    inTurn(() => actor.start());
    context.signal.addEventListener("abort", () => actor.stop(), { once: true });
    return (event) => inTurn(() => actor.send(event));
  };
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
