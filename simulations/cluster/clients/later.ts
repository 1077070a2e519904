/** Where the writes of clients of outboxes are. */
export const LATER = { from: "later/", to: "later0" };
