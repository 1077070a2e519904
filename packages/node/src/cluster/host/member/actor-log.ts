/** What actors report, in the peer's log. */
import type { ActorLog } from "@parley/actors";
import type { Logger } from "pino";

export function actorLog(log: Logger): ActorLog {
  return {
    debug: (message, fields) => log.debug(withError(fields), message),
    warn: (message, fields) => log.warn(withError(fields), message),
    error: (message, fields) => log.error(withError(fields), message),
  };
}

/** The logger prints errors whole under this name only. */
function withError(fields: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const { error, ...rest } = fields;
  return error instanceof Error ? { ...rest, err: error } : fields;
}
