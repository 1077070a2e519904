/** `@parley/actors/xstate`: XState machines as actors. Apart, because XState's own declarations bear fewer compiler options. */

/** A machine as a behaviour. */
export { machineBehavior } from "./core/machine-behavior.ts";
export type { MachineOptions } from "./core/machine-behavior.ts";
/** The life of every actor, as the machine that it is. */
export { lifecycleMachine } from "./supervision/lifecycle.ts";
