/** How far what one request carries may go. */
import * as z from "zod/mini";

/**
 * `host`: not beyond the machine of the peer that the client talks to. `house`: to the other peers of its house and to servers on
 * its own network.
 */
export const privacies = ["host", "house"] as const;
export type Privacy = (typeof privacies)[number];

/** Stricter than the peer is set, or than its house has agreed on; what is not stricter changes nothing, so absent is as set there. */
export const privacyManner = { privacy: z.optional(z.enum(privacies)) };
