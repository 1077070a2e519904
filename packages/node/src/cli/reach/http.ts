/** One question to a peer over HTTP, and its answer. */
import { request as plainRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as secureRequest } from "node:https";
import { PeerError } from "../../errors.ts";
import type { Target } from "./target.ts";
import { unreachable } from "./why.ts";

/** What is asked, until when. */
export interface HttpQuestion {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** No answer of a peer is as long. */
const MOST_BYTES = 64 * 1024 * 1024;

/** @throws PeerError of {@link unreachable}; `peer-refused` for an answer without end; the reason of `signal` */
export async function askHttp(target: Target, { method, path, body, signal }: HttpQuestion): Promise<HttpAnswer> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    signal,
    agent: false,
    headers: {
      authorization: `Bearer ${target.token}`,
      ...(sent === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(sent)) }),
    },
  };
  const url = new URL(path, target.address.http);
  const begin = (answered: (response: IncomingMessage) => void) =>
    target.ca === undefined
      ? plainRequest(url, options, answered)
      : secureRequest(url, { ...options, ca: [...target.ca] }, answered);
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const asking = begin((response) => void readAll(response).then(resolve, reject));
      asking.on("error", reject);
      asking.end(sent);
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof PeerError ? error : unreachable(target, error);
  }
}

async function readAll(response: IncomingMessage): Promise<HttpAnswer> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response) {
    text += String(piece);
    if (text.length > MOST_BYTES) {
      throw new PeerError("peer-refused", "the peer's answer has no end", { nextStep: "Check that it is a peer." });
    }
  }
  return { status: response.statusCode ?? 0, text };
}
