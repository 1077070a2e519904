/** A client of the replicated key-value store. Values are text here; for bytes there is {@link RequestClient}. */
import { RaftError } from "../../errors.ts";
import {
  decodePairs,
  decodeResult,
  decodeWatchItem,
  encodeCommand,
  encodeQuery,
  type KvCommand,
  type KvQuery,
  type KvResult,
  type RangeQuery,
  type WatchItem,
  type WatchSelector,
} from "../kv/index.ts";
import {
  RequestClient,
  type ClientOptions,
  type KvOutcome,
  type OperationOptions,
  type ReadOptions,
} from "./request-client.ts";
import { encodeWatchRequest } from "./watch-request.ts";

export interface WatchOptions extends OperationOptions {
  /** Revision of the first change wanted; default: from now on. */
  readonly from?: number;
}

/** A watch in force. */
export interface KvWatch {
  stop(): void;
  /** Fulfilled when no more items come: it was stopped, or the node is gone. Watch another one from where it ended. */
  readonly ended: Promise<void>;
}

const DEFAULT_WATCH_TIMEOUT_MS = 5_000;

export class KvClient {
  readonly #requests: RequestClient;

  constructor(options: ClientOptions) {
    this.#requests = new RequestClient(options);
  }

  /** The value; null when the key is absent. */
  async get(key: string, options?: ReadOptions): Promise<KvOutcome<string | null>> {
    const outcome = await this.#query({ query: "get", key }, options);
    return mapped(outcome, ([pair]) => pair?.[1] ?? null);
  }

  /** Keys and values, in order of the keys. */
  async range(range: RangeQuery, options?: ReadOptions): Promise<KvOutcome<readonly (readonly [string, string])[]>> {
    return this.#query({ query: "range", ...range }, options);
  }

  async put(key: string, value: string, options?: OperationOptions): Promise<KvOutcome<null>> {
    const outcome = await this.#execute({ op: "put", key, value: Buffer.from(value) }, options);
    return mapped(outcome, (result) => expected(result, { done: null }));
  }

  /** Whether `expected` (null: that the key is absent) was what it found, and `value` was put. */
  async cas(
    key: string,
    expectedValue: string | null,
    value: string,
    options?: OperationOptions,
  ): Promise<KvOutcome<boolean>> {
    const compared = expectedValue === null ? null : Buffer.from(expectedValue);
    const outcome = await this.#execute({ op: "cas", key, expected: compared, value: Buffer.from(value) }, options);
    return mapped(outcome, (result) => expected(result, { swapped: true, mismatch: false }));
  }

  /** Whether the key was there. */
  async delete(key: string, options?: OperationOptions): Promise<KvOutcome<boolean>> {
    const outcome = await this.#execute({ op: "delete", key }, options);
    return mapped(outcome, (result) => expected(result, { deleted: true, absent: false }));
  }

  /**
   * Hears of changes as one node applies them, once this is fulfilled.
   * @throws RaftError `unreachable` when no node takes it in time.
   */
  async watch(
    selector: WatchSelector,
    onItem: (item: WatchItem) => void,
    { from = 0, timeoutMs = DEFAULT_WATCH_TIMEOUT_MS, ...route }: WatchOptions = {},
  ): Promise<KvWatch> {
    const deadline = performance.now() + timeoutMs;
    const connection = await this.#requests.router.reach({ deadline, attemptMs: timeoutMs, ...route });
    const request = encodeWatchRequest({ selector, from });
    const left = Math.max(1, deadline - performance.now());
    const stopped = Promise.withResolvers<void>();
    const stop = await connection.watch(request, (item) => onItem(decodeWatchItem(item)), left);
    return {
      stop() {
        stop();
        stopped.resolve();
      },
      ended: Promise.race([stopped.promise, connection.closed]),
    };
  }

  /** What is under way is unknown then. */
  close(): void {
    this.#requests.close();
  }

  async #execute(command: KvCommand, options: OperationOptions = {}): Promise<KvOutcome<KvResult>> {
    return mapped(await this.#requests.execute(encodeCommand(command), options), decodeResult);
  }

  async #query(query: KvQuery, options: ReadOptions = {}): Promise<KvOutcome<readonly (readonly [string, string])[]>> {
    const outcome = await this.#requests.query(encodeQuery(query), options);
    return mapped(outcome, (bytes) =>
      decodePairs(bytes).map(({ key, value }) => [key, Buffer.from(value).toString()] as const),
    );
  }
}

function mapped<T, U>(outcome: KvOutcome<T>, map: (result: T) => U): KvOutcome<U> {
  return outcome.outcome === "done" ? { ...outcome, result: map(outcome.result) } : outcome;
}

/** @throws RaftError `corrupt` for a result that such a command does not have. */
function expected<T>(result: KvResult, results: Readonly<Partial<Record<KvResult, T>>>): T {
  const meaning = results[result];
  if (meaning === undefined) throw new RaftError("corrupt", `a result "${result}" was not to be expected`);
  return meaning;
}
