/** etcd over gRPC: puts for the load generator, status for the bench. */
import { Client, credentials, type CallOptions } from "@grpc/grpc-js";
import { decodeNothing, decodeStatus, encodeNothing, encodePut, type EtcdStatus } from "./etcd-wire.ts";
import type { Target } from "./target.ts";

/** One HTTP/2 connection to one etcd. */
export class EtcdTarget implements Target {
  readonly #client: Client;

  /** @param address `host:port` */
  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      // A connection of its own, which comes back at once when its node does.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 20,
      "grpc.max_reconnect_backoff_ms": 50,
      "grpc.enable_retries": 0,
      "grpc.enable_channelz": 0,
    });
  }

  async put(key: string, value: Buffer, timeoutMs: number): Promise<void> {
    await this.#call("/etcdserverpb.KV/Put", encodePut, decodeNothing, { key, value }, timeoutMs);
  }

  status(timeoutMs: number): Promise<EtcdStatus> {
    return this.#call("/etcdserverpb.Maintenance/Status", encodeNothing, decodeStatus, undefined, timeoutMs);
  }

  close(): void {
    this.#client.close();
  }

  #call<Asked, Answer>(
    method: string,
    encode: (value: Asked) => Buffer,
    decode: (bytes: Buffer) => Answer,
    argument: Asked,
    timeoutMs: number,
  ): Promise<Answer> {
    const options: CallOptions = { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(method, encode, decode, argument, options, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer as Answer);
      });
    });
  }
}
