// When somebody has finished.
export { createEndpointer, endpointOptions, silenceFor } from "./endpointer.ts";
export type { EndpointEvent, EndpointFrame, EndpointOptions, Endpointer, PartialText } from "./endpointer.ts";
export { endOfTurnScore } from "./score.ts";
export type { EndOfTurnScore, TurnContext } from "./score.ts";
