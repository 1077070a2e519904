/** The stream on which one peer sends its messages. */
import type { Stream } from "@libp2p/interface";
import {
  decodeMessage,
  FrameSplitter,
  isPassedOn,
  isRaftError,
  MESSAGE_FRAME,
  RaftError,
  type Message,
  type NodeId,
} from "@parley/raft";
import { PeerError } from "../../../errors.ts";
import { BytePipe } from "../../wire/byte-pipe.ts";

export interface IncomingOptions {
  readonly self: NodeId;
  /** Whose connection it is. */
  readonly from: NodeId;
  readonly maxFrameBytes: number;
  /** Bytes have come. */
  readonly heard: () => void;
  readonly receive: (message: Message) => void;
  readonly closed: () => void;
}

/** Reads until the stream ends; bytes that make no sense, and messages in another's name, end it. */
export function readMessages(stream: Stream, options: IncomingOptions): BytePipe {
  const splitter = new FrameSplitter(options.maxFrameBytes);
  const pipe: BytePipe = new BytePipe(stream, {
    chunk(bytes) {
      options.heard();
      try {
        for (const { kind, body } of splitter.framesOf(bytes)) {
          // Once it is closed, what came with it counts no more.
          if (!pipe.isDestroyed) options.receive(messageIn(kind, body, options));
        }
      } catch (cause) {
        if (!isRaftError(cause, "corrupt")) throw cause;
        throw new PeerError("bad-frame", `no messages of Raft node ${options.from}: ${cause.message}`, {
          nextStep: "Check that both peers run the same version.",
          cause,
        });
      }
    },
    closed: () => options.closed(),
  });
  return pipe;
}

function messageIn(kind: number, body: Uint8Array, { self, from }: IncomingOptions): Message {
  if (kind !== MESSAGE_FRAME) throw new RaftError("corrupt", `a frame ${kind} where none belongs`);
  const message = decodeMessage(body);
  if (message.to !== self || (message.from !== from && !isPassedOn(message.type))) {
    throw new RaftError("corrupt", `a ${message.type} from ${message.from} to ${message.to}`);
  }
  return message;
}
