/** How a command manages the running peer and its cluster: over the gateway's `/api/v1`. */
import { ParleyError } from "@parley/sdk";
import * as z from "zod";
import type { Config } from "../config/index.ts";
import { messageOf, PeerError } from "../errors.ts";
import { findRunning } from "./access.ts";

/** Longer than the gateway keeps anybody waiting. */
const ANSWER_MS = 150_000;

const failureSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), nextStep: z.string() }) });

/** What is asked, and how long for. */
export interface Request {
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal | undefined;
}

/** The peer's management. */
export class Management {
  readonly #url: string;
  readonly #token: string;
  readonly #home: string;

  constructor(running: { readonly url: string; readonly token: string }, home: string) {
    this.#url = running.url;
    this.#token = running.token;
    this.#home = home;
  }

  get(path: string, request: Request = {}): Promise<unknown> {
    return this.#ask("GET", path, request);
  }

  post(path: string, request: Request = {}): Promise<unknown> {
    return this.#ask("POST", path, request);
  }

  put(path: string, request: Request = {}): Promise<unknown> {
    return this.#ask("PUT", path, request);
  }

  patch(path: string, request: Request = {}): Promise<unknown> {
    return this.#ask("PATCH", path, request);
  }

  delete(path: string, request: Request = {}): Promise<unknown> {
    return this.#ask("DELETE", path, request);
  }

  /** @throws PeerError `no-peer`, the reason of `signal`; ParleyError with the peer's own code as `remoteCode` */
  async #ask(method: string, path: string, { body, signal }: Request): Promise<unknown> {
    const patience = AbortSignal.timeout(ANSWER_MS);
    const ending = signal === undefined ? patience : AbortSignal.any([signal, patience]);
    const { status, text } = await this.#send(method, path, body, ending, signal);
    const answer = jsonOf(text);
    if (status < 300) return answer;
    const failure = failureSchema.safeParse(answer);
    if (!failure.success) {
      throw new PeerError("peer-refused", `the peer answered ${status} to ${method} ${path}`, {
        nextStep: "Check that the peer runs the same version (parley status, parley --version).",
      });
    }
    const { code, message, nextStep } = failure.data.error;
    throw new ParleyError("refused", message, { nextStep, remoteCode: code });
  }

  async #send(
    method: string,
    path: string,
    body: Request["body"],
    ending: AbortSignal,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly status: number; readonly text: string }> {
    try {
      const response = await fetch(`${this.#url}/api/v1${path}`, {
        method,
        signal: ending,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      if (ending.aborted) {
        throw new PeerError("peer-refused", "the peer took too long to answer", {
          nextStep: "Look at its log, or start it again.",
          cause,
        });
      }
      throw noPeer(this.#home, messageOf(cause));
    }
  }
}

/** Finds the running peer. @throws PeerError `no-peer` when there is none. */
export async function openManagement({ home, ...config }: Config): Promise<Management> {
  const running = await findRunning({ home, ...config });
  if (running === undefined) throw noPeer(home);
  return new Management(running, home);
}

/** That no peer runs. */
export function noPeer(home: string, why?: string): PeerError {
  return new PeerError("no-peer", `no peer is running with the home ${home}${why === undefined ? "" : ` (${why})`}`, {
    nextStep: "Start one: parley start (in a checkout: npm start).",
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not ours: told as such by what the caller expects.
    return undefined;
  }
}
