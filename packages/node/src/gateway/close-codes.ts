/** Codes that a peer closes WebSockets with: RFC 6455 section 7.4.1, and its private range. */
export const CLOSE = {
  protocol: 1002,
  /** Nobody knows who it is, or it may not stay. */
  unauthenticated: 4401,
  /** Nothing was said for too long. */
  silent: 4408,
} as const;
