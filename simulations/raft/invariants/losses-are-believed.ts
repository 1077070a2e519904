/**
 * What was dropped on the way counts as not delivered: a leader that was told so looks for where the peer's log ends, and
 * does not go on behind what never arrived (section 10.2, and the progress of each follower).
 */
import type { Message } from "@parley/raft";
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant, View } from "../chronicle.ts";

const NAME = "losses-are-believed";
const MAX_NODES = 64;

export function lossesAreBelieved(chronicle: Chronicle): Invariant {
  /** By sender and receiver: the snapshot whose stream broke, and the sender's term then. */
  const broken = new Map<number, { readonly term: number; readonly index: number }>();
  /** The same, while a stream is on its way and its receiver has acknowledged nothing since: its log may reach ours again. */
  const silent = new Set<number>();
  /** The same: what the receiver acknowledged at most, in the term that the sender leads. */
  const heard = new Map<number, { readonly term: number; readonly index: number }>();
  const knowsMembers = ({ applied }: View): boolean => (chronicle.configurations.at(-1)?.index ?? 0) <= applied;
  const key = ({ from, to }: Pick<Message, "from" | "to">): number => from * MAX_NODES + to;
  return {
    name: NAME,
    unreached({ id }, peer, state) {
      demand(
        state !== "replicate",
        NAME,
        () => `node ${id} was told that messages to ${peer} were dropped, and goes on as if they had arrived`,
      );
    },
    streamed(view, message, hasArrived) {
      const { term, snapshot } = message;
      const isSilent = silent.delete(key(message));
      const last = heard.get(key(message));
      // It has acknowledged more than the snapshot would bring: nothing is missing.
      const isAhead = snapshot !== undefined && last?.term === term && last.index >= snapshot.index;
      const isFine = hasArrived || !isSilent || isAhead;
      if (isFine || snapshot === undefined || !knowsMembers(view)) broken.delete(key(message));
      else broken.set(key(message), { term, index: snapshot.index });
    },
    // Who leaves and comes back begins anew.
    configured: () => broken.clear(),
    receiving(_, { type, from, to, term, index, reject }) {
      if (type !== "append-response" || reject) return;
      const pair = key({ from: to, to: from });
      const last = heard.get(pair);
      if (last === undefined || last.term < term || last.index < index) heard.set(pair, { term, index });
      silent.delete(pair);
      broken.delete(pair);
    },
    sent({ id }, message) {
      if (message.type === "snapshot") silent.add(key(message));
      if (message.type !== "append") return;
      const lost = broken.get(key(message));
      const last = heard.get(key(message));
      if (last?.term === message.term && message.index <= last.index) return;
      demand(
        lost?.term !== message.term || message.index < lost.index,
        NAME,
        () => `node ${id} sends ${message.to} what follows ${message.index}, though its snapshot never arrived`,
      );
    },
  };
}
