/** Versions of the commands: which is in force the state says; a newer one comes into force once every member knows it. */

/** The one that brought the journals of sessions. */
export const JOURNALS_VERSION = 2;

/** The newest that this software knows. */
export const KNOWN_VERSION = JOURNALS_VERSION;
