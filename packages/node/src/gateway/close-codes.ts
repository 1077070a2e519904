/** Codes that a peer closes WebSockets with: RFC 6455 section 7.4.1, and its private range. */
export const CLOSE = {
  /** The peer stops, or drains: another one is to be looked for. */
  goingAway: 1001,
  protocol: 1002,
  /** "Service Restart", of the RFC's registry: the session has moved; who comes again finds it, or begins it anew. */
  moved: 1012,
  /** "Try Again Later", of the RFC's registry: too many come in, or come with wrong tokens. */
  later: 1013,
  /** Nobody knows who it is, or it may not stay. */
  unauthenticated: 4401,
  /** Nothing was said for too long. */
  silent: 4408,
  /** The session goes on at another connection. */
  elsewhere: 4409,
  /** Somebody who looks after the house has ended the session. */
  ended: 4410,
} as const;
