// The interaction machine, and a conversation that follows it.
export { OUTSIDE_STATE, createInteraction } from "./interaction.ts";
export type { Interaction, InteractionState } from "./interaction.ts";
export { interactionOptions } from "./options.ts";
export type { InteractionOptions } from "./options.ts";
export type {
  Capture,
  InteractionEffect,
  InteractionEvent,
  Opening,
  Place,
  Signal,
  Stage,
  TurnOutcome,
  Wait,
} from "./events.ts";
