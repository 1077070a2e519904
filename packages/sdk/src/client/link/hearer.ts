/** What is heard of a client's connection. */
import type { ParleyError } from "../../errors.ts";
import type { Message, Payload } from "../../protocol/envelope.ts";
import type { Doing } from "./watchfulness.ts";

/** What a peer said of itself. */
export type Welcome = Payload<"REGISTER_ACK">;

/** What is heard of the connection. */
export interface LinkHearer {
  /** There is one; `isAgain`: not for the first time. */
  up(welcome: Welcome, isAgain: boolean): void;
  /** It was lost; others are tried. */
  down(error: ParleyError): void;
  /** It was not let go where it wanted, and goes on with the session that it had. */
  stays(error: ParleyError): void;
  /** Nobody was there in a whole round; the next begins after `inMs`. */
  waiting(inMs: number, round: number): void;
  /** It has been down for longer than work is to wait. */
  impatient(error: ParleyError): void;
  /** It is over for good. */
  over(error: ParleyError): void;
  /** What the peer does for this client: the more there is to lose, the sooner it owes a sign of life. */
  readonly doing: Doing;
  message(message: Message): void;
  binary(bytes: Uint8Array): void;
}
