/** All invariants, each in a file of its own named after the property it checks. */
import type { Invariant } from "../chronicle.ts";
import type { Library } from "../library.ts";
import { acknowledgedWritesSurvive } from "./acknowledged-writes-survive.ts";
import { announcementsGoForward } from "./announcements-go-forward.ts";
import { clustersComeToOrder } from "./clusters-come-to-order.ts";
import { deedsAreFenced } from "./deeds-are-fenced.ts";
import { formerPrimesRest } from "./former-primes-rest.ts";
import { idsTakeEffectOnce } from "./ids-take-effect-once.ts";
import { lateOwnersAreRefused } from "./late-owners-are-refused.ts";
import { numbersAreNotReused } from "./numbers-are-not-reused.ts";
import { oneClusterForms } from "./one-cluster-forms.ts";
import { onePrimePerTerm } from "./one-prime-per-term.ts";
import { readsAreLinearizable } from "./reads-are-linearizable.ts";
import { replicasAgree } from "./replicas-agree.ts";
import { shardsMoveForward } from "./shards-move-forward.ts";
import { sleepersGetNoVote } from "./sleepers-get-no-vote.ts";
import { statesGoForward } from "./states-go-forward.ts";
import { strangersGetNothing } from "./strangers-get-nothing.ts";
import { theMeshKeyIsTheMembers } from "./the-mesh-key-is-the-members.ts";
import { theRevokedStayOut } from "./the-revoked-stay-out.ts";
import { whoBelongedNeverFounds } from "./who-belonged-never-founds.ts";

export function allInvariants(library: Library): readonly Invariant[] {
  return [
    oneClusterForms(),
    onePrimePerTerm(library),
    announcementsGoForward(library),
    deedsAreFenced(library),
    lateOwnersAreRefused(),
    shardsMoveForward(),
    readsAreLinearizable(),
    idsTakeEffectOnce(),
    formerPrimesRest(),
    theRevokedStayOut(),
    strangersGetNothing(),
    sleepersGetNoVote(library),
    numbersAreNotReused(),
    replicasAgree(),
    whoBelongedNeverFounds(),
    clustersComeToOrder(),
    acknowledgedWritesSurvive(),
    theMeshKeyIsTheMembers(),
    statesGoForward(),
  ];
}
