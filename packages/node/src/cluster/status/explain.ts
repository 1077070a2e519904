/**
 * A cluster's state in sentences for people, and as values for programs: who is prime, who votes, who lags; and when nothing can
 * be agreed on, why, and what would change that. Pure.
 */
import { NEW_IDENTITY } from "../../mesh/door/new-identity.ts";
import type { ClusterFacts, MemberFacts, OutboxFacts, PeerFacts } from "./facts.ts";
import {
  CLAIMANTS_STEP,
  describeClaimants,
  describeMovedOn,
  describeOther,
  howToFollow,
  howToUnite,
} from "./others.ts";
import { explainQuorum, whatItTakes, type QuorumExplanation } from "./quorum.ts";
import { describeTwins, howToEndTwins } from "./twins.ts";
import { duration, list, plural } from "./words.ts";

/**
 * `healthy`: any one voter may fail, or this is the only host; `fragile`: all is agreed on as it should be, and the next failure
 * would end that; `electing`: enough are there and nobody is prime yet, or this peer has yet to hear who votes; `no-quorum`: this peer works by itself.
 */
export type ClusterState =
  "off" | "looking" | "waiting" | "left" | "revoked" | "healthy" | "fragile" | "electing" | "no-quorum";

export interface ClusterExplanation {
  readonly state: ClusterState;
  readonly cluster: string | null;
  readonly prime: { readonly peer: string; readonly name: string } | null;
  readonly term: number | null;
  readonly voters: readonly PeerExplanation[];
  readonly learners: readonly PeerExplanation[];
  readonly quorum: QuorumExplanation | null;
  /** Null: nothing waits. */
  readonly outbox: OutboxFacts | null;
  /** Whether what is to be replicated can be, as far as is known here. */
  readonly isWritable: boolean;
  /** For people, the most important first. */
  readonly sentences: readonly string[];
  /** What a person can do. */
  readonly nextSteps: readonly string[];
}

export interface PeerExplanation {
  readonly peer: string;
  readonly name: string;
  readonly isOnline: boolean;
  readonly isAsleep: boolean;
  /** Why its vote is being taken, though it is awake; null: it is not. */
  readonly losesVoteBy: "leaving" | "revocation" | null;
  readonly lag: number | null;
}

/** The last resort when voters are gone for good. */
export const RECOVERY_COMMAND = "parley recover --last-resort";

export function explainCluster(facts: ClusterFacts): ClusterExplanation {
  switch (facts.belonging) {
    case "off":
      return alone("off", null, ["Clustering is off: this peer works by itself."], []);
    case "looking":
      return alone(
        "looking",
        null,
        [
          facts.hasBelonged
            ? "This peer belongs to no cluster any more. It looks for one to join, and never founds another by itself."
            : "This peer looks for a cluster.",
        ],
        ["Run `parley join` with a code that `parley pair` shows on a member."],
      );
    case "waiting": {
      const { cluster, fingerprint } = facts;
      return alone("waiting", cluster, [`This peer ${waitsBeside(cluster, fingerprint)}`], [HOW_TO_COME_IN]);
    }
    case "left":
      return alone("left", facts.cluster, [`This peer has left the cluster ${facts.cluster}.`], []);
    case "revoked":
      return revoked(facts);
    case "member":
      return ofMember(facts);
  }
}

const HOW_TO_COME_IN =
  "Run `parley pair` on a member and type its code here with `parley join`, or approve this peer there.";

function waitsBeside(cluster: string, fingerprint: string | undefined): string {
  const it = fingerprint === undefined ? "" : ` This peer's fingerprint is ${fingerprint}.`;
  return `waits beside the cluster ${cluster} and works by itself meanwhile.${it}`;
}

/** For ever, also when there is another cluster that it may go to as it is. */
function revoked(facts: Extract<ClusterFacts, { readonly belonging: "revoked" }>): ClusterExplanation {
  const { cluster, beside, fingerprint } = facts;
  const isBeside = beside !== undefined;
  return alone(
    "revoked",
    cluster,
    [
      `This peer was revoked by the cluster ${cluster}: no member talks to it.`,
      ...(isBeside ? [`It ${waitsBeside(beside, fingerprint)}`] : []),
    ],
    [NEW_IDENTITY, ...(isBeside ? [`Into the cluster ${beside} it may come as it is. ${HOW_TO_COME_IN}`] : [])],
  );
}

function alone(
  state: ClusterState,
  cluster: string | null,
  sentences: readonly string[],
  nextSteps: readonly string[],
): ClusterExplanation {
  const nobody = { prime: null, term: null, voters: [], learners: [], quorum: null, outbox: null, isWritable: false };
  return { state, cluster, ...nobody, sentences, nextSteps };
}

function ofMember(facts: MemberFacts): ClusterExplanation {
  const { cluster, consensus, peers } = facts;
  const quorum = explainQuorum(facts);
  const prime = peers.find(({ peer }) => peer === consensus.prime);
  const state = stateOf(facts, quorum);
  const named = (ids: readonly string[]) =>
    ids.map((id) =>
      explained(
        peers.find(({ peer }) => peer === id),
        id,
      ),
    );
  const { sentences, nextSteps } =
    state === "revoked"
      ? accused(facts)
      : state === "no-quorum"
        ? withoutQuorum(facts, quorum)
        : withQuorum(facts, quorum, state);
  return {
    state,
    cluster,
    prime: consensus.prime === undefined ? null : { peer: consensus.prime, name: prime?.name ?? consensus.prime },
    term: consensus.term,
    voters: named(consensus.voters),
    learners: named(consensus.learners),
    quorum,
    outbox: facts.outbox ?? null,
    isWritable: state === "healthy" || state === "fragile",
    sentences: [...sentences, ...further(facts)],
    nextSteps: [...howToEndTwins(facts), ...nextSteps, ...((facts.others ?? []).length > 0 ? [howToUnite()] : [])],
  };
}

function stateOf({ consensus, accusers }: MemberFacts, quorum: QuorumExplanation): ClusterState {
  if (!quorum.isThere) return accusers.length > 0 ? "revoked" : "no-quorum";
  if (consensus.prime === undefined || quorum.voters === 0) return "electing";
  return quorum.mayFail > 0 || quorum.voters === 1 ? "healthy" : "fragile";
}

/** The log of who has just come in is empty. */
const LEARNING = "This peer has just come in and still learns from the others who votes; that takes a moment.";

interface Said {
  readonly sentences: readonly string[];
  readonly nextSteps: readonly string[];
}

function withQuorum(facts: MemberFacts, quorum: QuorumExplanation, state: ClusterState): Said {
  const { consensus, peers, self } = facts;
  const { voters, online, mayFail, missing } = quorum;
  if (voters === 0) return { sentences: [LEARNING], nextSteps: [] };
  const name = peers.find(({ peer }) => peer === consensus.prime)?.name ?? consensus.prime ?? "";
  const isSelf = consensus.prime === self;
  const first =
    state === "electing"
      ? `The peers are electing a prime (term ${consensus.term}); that takes a moment.`
      : `${isSelf ? `This peer (${name}) is prime` : `${name} is prime`} in term ${consensus.term}; ${online} of ${plural(voters, "voter")} ${online === 1 ? "is" : "are"} there.`;
  const gone = missing.length === 0 ? [] : [`Not there: ${list(missing)}.`];
  if (voters === 1) {
    const more = peers.length > 1 ? "No other peer votes: if this one fails, nothing new can be agreed on." : "";
    return { sentences: [first, ...(more === "" ? [] : [more])], nextSteps: [] };
  }
  if (voters === 2) {
    return {
      sentences: [
        first,
        ...gone,
        "With two hosts neither may fail: if one does, the other works by itself until it is back.",
      ],
      nextSteps: ["Any third device that runs a peer, however small, lets any one of the three fail."],
    };
  }
  if (mayFail > 0) return { sentences: [first, ...gone, `${plural(mayFail, "voter")} more may fail.`], nextSteps: [] };
  return {
    sentences: [first, ...gone, "If one voter more fails, nothing new can be agreed on."],
    nextSteps: missing.length === 0 ? [] : [`Bring back ${list(missing, "or")}.`],
  };
}

/** A member says that it was revoked, and nobody there says otherwise. */
function accused({ cluster, accusers }: MemberFacts): Said {
  const [verb, who] = accusers.length === 1 ? ["says", "it"] : ["say", "they"];
  return {
    sentences: [
      `This peer was revoked by the cluster ${cluster}: ${list(accusers)} ${verb} so, and ${who} talk${accusers.length === 1 ? "s" : ""} to it no more.`,
      "It works by itself. Should another member still take it for one, it goes on with that one.",
    ],
    nextSteps: [NEW_IDENTITY],
  };
}

function withoutQuorum(facts: MemberFacts, { voters, needed, online, missing }: QuorumExplanation): Said {
  const { consensus, self, peers, claimants = [], movedOn = [] } = facts;
  const isDoubtful = consensus.isInDoubt && consensus.voters.includes(self);
  const silent = missing.map((name) =>
    describeAbsence(
      name,
      peers.find((each) => each.name === name),
    ),
  );
  const mayComeBack = (each: PeerFacts): boolean => movedOn.every(({ peer }) => peer !== each.peer);
  const wanted = whatItTakes(facts).map(({ count, of }) => ({ count, of: of.filter(mayComeBack) }));
  const isHopeless = wanted.some(({ count, of }) => of.length < count);
  const takes = wanted.map(({ count, of }) => {
    const names = of.filter(({ peer }) => peer !== self).map(({ name }) => name);
    return count >= names.length ? list(names) : `${count} of ${list(names)}`;
  });
  const groups = [...new Set(takes)].filter((each) => each !== "");
  return {
    sentences: [
      `Nothing new can be agreed on: ${online} of ${plural(voters, "voter")} ${online === 1 ? "is" : "are"} there, and it takes ${needed}.`,
      `Not there: ${list(silent)}.`,
      "This peer keeps working by itself. What it would have written waits, and is delivered when the others are back.",
      ...(voters === 2 ? ["With two hosts neither may fail; a third device, however small, would change that."] : []),
      ...(isDoubtful
        ? ["This peer's own log has lost something: it votes again when it has caught up with the others."]
        : []),
      ...(claimants.length > 0 ? [describeClaimants(claimants)] : []),
    ],
    nextSteps: [
      ...(claimants.length > 0 ? [CLAIMANTS_STEP] : []),
      ...howToFollow(movedOn),
      ...(groups.length === 0 || isHopeless
        ? []
        : [`Switch on, or connect again, ${groups.join(", and ")}: then all goes on by itself.`]),
      `Only if they are gone for good: \`${RECOVERY_COMMAND}\` makes a new beginning from what this host has. What the others agreed on without it is lost, and they must be paired anew.`,
    ],
  };
}

const LOSES = {
  leaving: "is leaving: it gives its vote up first.",
  revocation: "is being revoked: its vote is taken first.",
} as const;

const DRAINS = "is draining: it leads and votes no more, and the others take over what it does.";

/** What is worth knowing beside all that. */
function further(facts: MemberFacts): readonly string[] {
  const { consensus, peers, revocations, self, outbox, others = [], movedOn = [] } = facts;
  const behind = peers.filter(({ isOnline, lag, peer }) => isOnline && peer !== self && lag !== undefined && lag > 0);
  const asleep = peers.filter(({ isAsleep, isOnline }) => isAsleep && !isOnline);
  return [
    ...describeTwins(facts),
    ...(consensus.votersBefore.length > 0 ? ["Who votes is being changed just now."] : []),
    ...behind.map(({ name, lag }) => `${name} is ${plural(lag ?? 0, "entry", "entries")} behind.`),
    ...(asleep.length > 0 ? [`Asleep: ${list(asleep.map(({ name }) => name))}.`] : []),
    ...peers.flatMap(({ name, losesVoteBy }) => (losesVoteBy === undefined ? [] : [`${name} ${LOSES[losesVoteBy]}`])),
    ...peers.flatMap(({ name, isDraining }) => (isDraining === true ? [`${name} ${DRAINS}`] : [])),
    ...(consensus.waiting > 0
      ? [
          `${plural(consensus.waiting, "proposal")} of this peer's own ${consensus.waiting === 1 ? "has" : "have"} no answer from the cluster yet; writes that wait are counted apart.`,
        ]
      : []),
    ...(outbox === undefined
      ? []
      : [
          `${plural(outbox.waiting, "write")} of this peer ${outbox.waiting === 1 ? "waits" : "wait"} to be delivered, the oldest for ${duration(outbox.oldestMs)}.`,
        ]),
    ...revocations
      .filter(({ notYetAppliedBy }) => notYetAppliedBy.length > 0)
      .map(({ name, notYetAppliedBy }) => `${name} was revoked; ${list(notYetAppliedBy)} may not know yet.`),
    ...describeMovedOn(movedOn),
    ...others.map(describeOther),
  ];
}

function describeAbsence(name: string, peer: PeerFacts | undefined): string {
  if (peer?.isAsleep === true) return `${name} (asleep)`;
  return peer?.silentMs === undefined ? name : `${name} (silent for ${duration(peer.silentMs)})`;
}

function explained(peer: PeerFacts | undefined, id: string): PeerExplanation {
  const { name = id, isOnline = false, isAsleep = false, losesVoteBy = null, lag } = peer ?? {};
  return { peer: id, name, isOnline, isAsleep, losesVoteBy, lag: lag ?? null };
}
