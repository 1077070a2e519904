/**
 * Loads the responder. On loading it makes itself the printer of all stack traces and of uncaught errors of the whole process
 * (its own dependency's doing); what was there before is put back.
 */
import type { getResponder } from "@homebridge/ciao";

export type GetResponder = typeof getResponder;

let loaded: Promise<GetResponder> | undefined;

export function loadResponder(): Promise<GetResponder> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<GetResponder> {
  const restore = [remember(Error, "prepareStackTrace"), remember(process, "emit")];
  try {
    return (await import("@homebridge/ciao")).getResponder;
  } finally {
    for (const put of restore) put();
  }
}

/** @returns what makes the property again what it is now */
function remember(owner: object, name: string): () => void {
  const now = Object.getOwnPropertyDescriptor(owner, name);
  return () => {
    if (now === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, now);
  };
}
