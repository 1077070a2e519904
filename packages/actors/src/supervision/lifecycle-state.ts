/** The words of an actor's life; apart from its machine, so that declarations that use them need no XState. */

/** In words: see the states of `lifecycleMachine`. */
export type LifecycleState = "starting" | "running" | "failed" | "clearing" | "waiting" | "stopping" | "stopped";

export type LifecycleEvent = "started" | "crashed" | "restart" | "cleared" | "due" | "stop" | "ended";
