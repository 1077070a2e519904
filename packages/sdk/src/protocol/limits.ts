/** Numbers that both sides of a socket keep to. */

/** Version written into every message; a peer answers within the same major version. */
export const PROTOCOL_VERSION = "1.0";

/** The `clientId` a peer uses as source of its own messages; no client may call itself so. */
export const SERVER_ID = "server";

/** Largest text message either side accepts, in bytes. */
export const MAX_TEXT_BYTES = 1_048_576;

/** Names of clients, groups, channels, commands and the like, in characters. */
export const MAX_NAME_CHARS = 128;

/** Groups, and channels, that one client belongs to. */
export const MAX_MEMBERSHIPS = 32;

/** Of a message for which none is given; 0 to 10. */
export const DEFAULT_PRIORITY = 5;

/** Messages of this priority and above are written down before they are delivered. */
export const DURABLE_PRIORITY = 8;

/** A session in which nothing was said for so long is ended. */
export const SESSION_TIMEOUT_MS = 3_600_000;
