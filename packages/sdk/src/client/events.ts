/** What a client tells of itself. */
import type { ParleyError } from "../errors.ts";
import type { NodeSummary } from "../protocol/query.ts";
import type { Welcome } from "./link/hearer.ts";
import type { SideEvent } from "./house-news.ts";
import type { DeliveryReport, IncomingEvent, IncomingMessage, IncomingQuery } from "./mail/mail.ts";

/** A question from another client that no handler of `onQuery` answers: the first answer counts. */
export interface OpenQuery extends IncomingQuery {
  respond(data: unknown): void;
  /** It will not be answered. */
  refuse(why: string): void;
}

/** What can be listened to with `client.on`. */
export interface ClientEvents {
  /** There is a connection; `isAgain`: not for the first time. */
  readonly connected: { readonly peer: Welcome["serverInfo"]; readonly url: string; readonly isAgain: boolean };
  /** It was lost; or, when it will not be looked for again, the client is at its end. */
  readonly disconnected: { readonly error: ParleyError; readonly willReconnect: boolean };
  /** No peer was there in the last round; the next begins after `inMs`. */
  readonly reconnecting: { readonly round: number; readonly inMs: number };
  /** From another client. It is acknowledged when all listeners have finished. */
  readonly message: IncomingMessage;
  /** Something has happened, told by another client or by the peer. */
  readonly event: IncomingEvent;
  readonly query: OpenQuery;
  /** What became of messages that this client has sent. */
  readonly delivery: DeliveryReport;
  /** The peers of the house, when they are others than before. */
  readonly nodesUpdated: readonly NodeSummary[];
  /**
   * Most peers of the house cannot be reached: what is said goes on with this peer alone, from what was said before if that is known
   * there, until `together`.
   */
  readonly apart: SideEvent;
  /** The house is whole again, and its session knows what was said meanwhile. */
  readonly together: SideEvent;
  /** What a listener or handler has thrown. */
  readonly error: unknown;
}
