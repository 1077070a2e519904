/**
 * The one logger of a peer: JSON lines, or lines for people on a terminal. What people say is never logged.
 *
 * Each line carries `peer`, the peer's name. What belongs together, such as a request and all it causes, runs in
 * {@link withCorrelation}: its lines carry `correlation`, however deep they are written; what goes on after it does not
 * ({@link withoutCorrelation}). Who acts in a cluster logs with a
 * {@link contextLogger}, whose lines carry `peerId` and the `term` of the moment in which they are written.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import pino, { type Logger } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config/index.ts";

/** What is true when a line is written. */
export interface LogContext {
  readonly peerId?: string | undefined;
  /** Of the prime that this peer knows of. */
  readonly term?: number | undefined;
}

const SECRETS = ["authToken", "token", "secret", "joinSecret"];

const correlations = new AsyncLocalStorage<string>();

/** Writes to stderr, as `log.level` and `log.format` say. */
export function createLogger(config: Config): Logger {
  const { level, format } = config.log;
  const options = {
    level,
    base: { peer: config.name },
    redact: SECRETS.flatMap((name) => [name, `*.${name}`]),
    formatters: { log: correlated },
  };
  const forPeople = format === "pretty" || (format === "auto" && process.stderr.isTTY === true);
  if (!forPeople) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(
    options,
    pretty({ destination: 2, sync: true, ignore: "pid,hostname,peer", translateTime: "SYS:HH:MM:ss" }),
  );
}

/** `log`, asking `context` at each line; it must not throw. Children of it do the same. */
export function contextLogger(log: Logger, context: () => LogContext): Logger {
  return log.child({}, { formatters: { log: (fields) => correlated({ ...context(), ...fields }) } });
}

/** Runs `work`; what it logs, itself or by what it starts, carries `id`. An id that came from another peer goes on. */
export function withCorrelation<T>(id: string, work: () => T): T {
  return correlations.run(id, work);
}

/**
 * Runs `work` as nobody's. What outlives the request that began it, such as a link or a timer that sets itself again, is begun in
 * here: else its lines would carry that request's id for as long as it lives.
 */
export function withoutCorrelation<T>(work: () => T): T {
  return correlations.exit(work);
}

/** The id of what runs now: to be sent along, so that another peer's lines carry it too. */
export function correlationId(): string | undefined {
  return correlations.getStore();
}

/** For work that nobody has given an id. */
export function newCorrelationId(): string {
  return randomUUID();
}

function correlated(fields: Record<string, unknown>): Record<string, unknown> {
  const correlation = correlations.getStore();
  return correlation === undefined ? fields : { correlation, ...fields };
}
