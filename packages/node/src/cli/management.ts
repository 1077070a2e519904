/** How a command manages a peer and its cluster: over the gateway's `/api/v1`. */
import { ParleyError } from "@parley/sdk";
import * as z from "zod";
import type { Config } from "../config/index.ts";
import { PeerError } from "../errors.ts";
import { askHttp, type HttpAnswer } from "./reach/http.ts";
import { findTarget, type Target } from "./reach/target.ts";
import { noPeer, refusedBy } from "./reach/why.ts";

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
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
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

  /** Something outside `/api/v1`, such as `/capabilities`. */
  getPage(path: string, { signal }: Request = {}): Promise<unknown> {
    return this.#askFor("GET", path, { signal });
  }

  #ask(method: string, path: string, request: Request): Promise<unknown> {
    return this.#askFor(method, `/api/v1${path}`, request);
  }

  /**
   * @throws PeerError `no-peer`, `unreachable`, `peer-untrusted`, the reason of `signal`; ParleyError with the peer's own code as
   * `remoteCode`
   */
  async #askFor(method: string, path: string, { body, signal }: Request): Promise<unknown> {
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
    throw refusedBy(this.#target, new ParleyError("refused", message, { nextStep, remoteCode: code }));
  }

  async #send(
    method: string,
    path: string,
    body: Request["body"],
    ending: AbortSignal,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    try {
      return await askHttp(this.#target, { method, path, body, signal: ending });
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      if (!ending.aborted) throw cause;
      throw new PeerError("peer-refused", "the peer took too long to answer", {
        nextStep: "Look at its log, or start it again.",
        cause,
      });
    }
  }
}

/** Finds the peer to ask. @throws PeerError `no-peer` when none was named and none runs; of {@link findTarget} */
export async function openManagement(config: Config, env: NodeJS.ProcessEnv): Promise<Management> {
  const target = await findTarget(config, env);
  if (target === undefined) throw noPeer(config.home);
  return new Management(target);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not ours: told as such by what the caller expects.
    return undefined;
  }
}
