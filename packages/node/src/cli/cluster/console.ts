/** The console of `parley start`, as far as the cluster is concerned: tells the story, and takes what the person types. */
import type { Cluster } from "../../cluster/face.ts";
import { PeerError } from "../../errors.ts";
import { fingerprintOf } from "../../mesh/door/code/fingerprint.ts";
import type { Person } from "../context.ts";
import { failureText } from "../failure.ts";
import { explanationSchema } from "./answers.ts";
import { Story, type Scene } from "./story.ts";
import { watchCluster } from "./watch.ts";

const JOIN_MS = 300_000;

export interface ConsoleOptions {
  readonly cluster: Cluster;
  readonly command: string;
  readonly person: Person | undefined;
  readonly say: (text: string) => void;
  /** Monotonic, in ms. */
  readonly nowMs?: () => number;
}

/** Tells from now on, until the result is called. */
export function tellCluster(options: ConsoleOptions): () => void {
  const { cluster, command, person, say, nowMs = () => performance.now() } = options;
  const story = new Story({ command, hasPerson: person !== undefined });
  const ending = new AbortController();
  let isJoining = false;
  const join = async (proof: { readonly code: string } | { readonly fingerprint: string }): Promise<void> => {
    if (isJoining) return say("One moment: the last answer is still being tried.");
    isJoining = true;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(tooLong()), JOIN_MS);
    try {
      await cluster.join({ proof, signal: AbortSignal.any([ending.signal, late.signal]) });
    } catch (error) {
      if (!ending.signal.aborted) say(failureText(error).trimEnd());
    } finally {
      clearTimeout(timer);
      isJoining = false;
    }
  };
  const hangUp = person?.listen((line) => {
    const { expected } = story;
    const typed = line.trim();
    if (typed === "" || expected === undefined) return;
    if (expected.what === "code") void join({ code: typed });
    else if (/^y(es)?$/i.test(typed)) void join({ fingerprint: expected.fingerprint });
    else say("This peer stays where it is.");
  });
  const unwatch = watchCluster(cluster, () => {
    for (const line of story.tell(sceneOf(cluster), nowMs())) say(line);
  });
  return () => {
    ending.abort(new Error("the console is closed"));
    unwatch();
    hangUp?.();
  };
}

function tooLong(): PeerError {
  return new PeerError("peer-silent", "the other peer took too long", { nextStep: "Try again." });
}

/** The cluster as it is now. */
export function sceneOf(cluster: Cluster): Scene {
  const { belonging, clusterId, peerId, consensus } = cluster;
  const { leader, term } = consensus?.leadership.current() ?? {};
  const status = explanationSchema.safeParse(cluster.status());
  const isStuck = status.success && status.data.state === "no-quorum";
  return {
    belonging,
    clusterId,
    fingerprint: fingerprintOf(peerId),
    peers: cluster.peers(),
    met: cluster.met(),
    knocking: cluster.waiting(),
    prime: leader === undefined || term === undefined ? undefined : { peerId: leader, term },
    trouble: status.data?.trouble,
    noQuorum: isStuck ? [...status.data.sentences, ...status.data.nextSteps] : undefined,
  };
}
