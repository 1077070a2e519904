/** An HTTP server on loopback that serves files honestly, or misbehaves the way a test asks for. */
import { EventEmitter, on } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

/** A client that does not report arrivals is given this long to read. */
const ARRIVAL_MS = 500;

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly content: Buffer;
  /** Resolves when the client said it has so many bytes, or soon. */
  readonly arrival: (bytes: number) => Promise<void>;
}

/** What the server does with one request. */
export type Behaviour = (exchange: Exchange) => void;

export interface UnrulyServer {
  readonly url: string;
  /** Every request so far: `GET /path` and its Range header. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
  /** The client says how many bytes it has, so that a connection is cut after they were read and not before. */
  arrived(bytes: number): void;
  /** Serves `content` at `path`; the n-th request meets the n-th behaviour, later ones the last. Returns the URL. */
  serve(path: string, content: Buffer, ...behaviours: readonly Behaviour[]): string;
}

/** Starts a server on a free port; it ends with the test. */
export async function startUnrulyServer(): Promise<UnrulyServer> {
  const files = new Map<string, { readonly content: Buffer; readonly behaviours: Behaviour[] }>();
  const requests: UnrulyServer["requests"] = [];
  const arrivals = new EventEmitter();
  const arrival: Exchange["arrival"] = async (bytes) => {
    const signal = AbortSignal.timeout(ARRIVAL_MS);
    try {
      for await (const [arrived] of on(arrivals, "arrived", { signal })) if (arrived >= bytes) return;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    requests.push({ path, range: request.headers.range });
    const file = files.get(path);
    if (file === undefined) return answering(404)({ request, response, arrival, content: Buffer.alloc(0) });
    const behaviour = file.behaviours.length > 1 ? file.behaviours.shift() : file.behaviours[0];
    (behaviour ?? honestly())({ request, response, arrival, content: file.content });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    requests,
    arrived: (bytes) => arrivals.emit("arrived", bytes),
    serve(path, content, ...behaviours) {
      files.set(path, { content, behaviours: [...behaviours] });
      return url + path;
    },
  };
}

/** Where the answer has to begin, and its headers. */
function open({ request, response, content }: Exchange, etag: string | undefined): number {
  const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const ifRange = request.headers["if-range"];
  const start = ifRange === undefined || ifRange === etag ? asked : 0;
  if (etag !== undefined) response.setHeader("etag", etag);
  if (start > 0) {
    response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
  }
  response.setHeader("content-length", content.length - start);
  response.writeHead(start > 0 ? 206 : 200);
  return start;
}

/** As a good server does, ranges and validators included. */
export function honestly(etag?: string): Behaviour {
  return (exchange) => {
    exchange.response.end(exchange.content.subarray(open(exchange, etag)));
  };
}

/** Hangs up after `bytes` of the answer. */
export function cuttingAfter(bytes: number, etag?: string): Behaviour {
  return (exchange) => {
    const start = open(exchange, etag);
    exchange.response.write(exchange.content.subarray(start, start + bytes));
    void exchange.arrival(start + bytes).then(() => exchange.response.destroy());
  };
}

/** Goes silent after `bytes` of the answer, with the connection open. */
export function stallingAfter(bytes: number): Behaviour {
  return (exchange) => {
    const start = open(exchange, undefined);
    exchange.response.write(exchange.content.subarray(start, start + bytes));
  };
}

/** Never answers. */
export const silently: Behaviour = () => undefined;

/** Sends the right number of bytes with one of them flipped. */
export const corruptly: Behaviour = (exchange) => {
  const start = open(exchange, undefined);
  const content = Buffer.from(exchange.content.subarray(start));
  content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
  exchange.response.end(content);
};

/** Sends `content` instead, as a good server of that content would. */
export function changedTo(content: Buffer, etag?: string): Behaviour {
  return (exchange) => honestly(etag)({ ...exchange, content });
}

/** Answers every request with the whole file. */
export const ignoringRange: Behaviour = ({ response, content }) => {
  response.writeHead(200, { "content-length": content.length }).end(content);
};

/** Claims to have `bytes` bytes. */
export function declaring(bytes: number): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { "content-length": bytes });
    response.flushHeaders();
  };
}

/** Sends more than there is, without saying how much (chunked). */
export const endlessly: Behaviour = ({ response, content }) => {
  const more = (): void => {
    while (!response.destroyed && response.write(content));
  };
  response.writeHead(200).on("drain", more);
  more();
};

/** Ends cleanly (chunked, no length) after `bytes`. */
export function endingAfter(bytes: number): Behaviour {
  return ({ response, content }) => response.writeHead(200).end(content.subarray(0, bytes));
}

/** Answers with a status and no file. */
export function answering(status: number, headers: Record<string, string> = {}): Behaviour {
  return ({ response }) => {
    response.writeHead(status, headers).end();
  };
}

/** A partial answer that begins somewhere else than asked. */
export const withAnotherRange: Behaviour = ({ response, content }) => {
  response
    .writeHead(206, { "content-range": `bytes 1-${content.length - 1}/${content.length}` })
    .end(content.subarray(1));
};
