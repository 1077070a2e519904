/** Who somebody is: by the token of this machine, by that of a client of the house, or by what a peer of the house gave them to come again with. */
import { randomUUID, timingSafeEqual } from "node:crypto";
import type { ClientBook, TokenRefusal } from "./client-book.ts";
import { proofOf, type ClientRecord } from "./client-record.ts";
import type { ResumeTokens } from "./resume.ts";
import type { Holder } from "./rights.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Whose request it is, once it was let in; undefined where nobody was asked who they are. */
    principal: Principal | undefined;
  }
}

/** Somebody who was let in. */
export interface Principal extends Holder {
  /** The name of a client; {@link THIS_MACHINE}. */
  readonly account: string;
  /** What its token has for proof; of {@link THIS_MACHINE}, which machine it is. */
  readonly proof: string;
  /** It wants its conversations kept beyond their sessions. */
  readonly remembers: boolean;
}

/** Why somebody is not let in, for them to read. */
export interface NotLetIn {
  readonly why: string;
  /** It may be let in as soon as this peer knows what its house knows. */
  readonly isForNow?: true;
}

/** Why somebody who was let in would not be any more. `renewed`: there is a new token. */
export type EndReason = TokenRefusal | "renewed";

/** … and for them to read. */
export interface Ended extends NotLetIn {
  readonly reason: EndReason;
}

/** Who comes in again. */
export interface Returning {
  readonly principal: Principal;
  readonly clientId: string;
  readonly sessionId: string;
}

/** The account of the commands of the user who runs the peer. No client can be called so: it has a space. */
export const THIS_MACHINE = "this machine";
/** So long after it was given, a resume token still opens. */
const RESUME_FOR_MS = 3_600_000;

/** Options of {@link Gate}. */
export interface GateOptions {
  /** The token that the user's own commands show, new at every start. */
  readonly token: string;
  /** Which peer this is, for those who come again: what its machine's programs were given is good at no other. Default: a new one. */
  readonly peer?: string;
  readonly book: ClientBook;
  readonly resume: ResumeTokens;
  /** Whether this peer knows whom its house lets in: before, who is not known may be somebody. Default: it does. */
  readonly isKnown?: () => boolean;
  readonly nowMs?: () => number;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #ownProof: string;
  readonly #machineMark: string;
  readonly #nowMs: () => number;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#ownProof = proofOf(options.token);
    this.#machineMark = proofOf(`${THIS_MACHINE} ${options.peer ?? randomUUID()}`);
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** How long what {@link resumeToken} gives is good for. */
  readonly resumeForMs = RESUME_FOR_MS;

  /** Whose token it is. @param isFromHere whether a program on this machine shows it: the machine's own is good for nobody else */
  enter(token: string, isFromHere: boolean): Principal | NotLetIn {
    const proof = proofOf(token);
    if (timingSafeEqual(Buffer.from(proof), Buffer.from(this.#ownProof))) {
      return isFromHere ? this.#machine() : NOT_FROM_HERE;
    }
    const found = this.#options.book.authenticate(token);
    if (typeof found === "object") return principalOf(found);
    return this.#orNotYet(found === "unknown", { why: WHY[found] });
  }

  /** Who comes again with a resume token; it must still be somebody. @param isFromHere as in {@link enter} */
  comeAgain(token: string, isFromHere: boolean): Returning | NotLetIn {
    const claims = this.#options.resume.read(token);
    if (claims === undefined) return this.#orNotYet(true, { why: "the resume token is none, or holds no more" });
    const { account, clientId, sessionId, proof } = claims;
    const principal = this.holder(account);
    if ("why" in principal) return this.#orNotYet(principal.reason === "unknown", principal);
    if (account === THIS_MACHINE && (!isFromHere || principal.proof !== proof)) return NOT_FROM_HERE;
    if (principal.proof !== proof) return { why: WHY.renewed };
    return { principal, clientId, sessionId };
  }

  /** Whether somebody who was let in would still be, and as what. */
  again({ account, proof }: Principal): Principal | Ended {
    const now = this.holder(account);
    return "why" in now || now.account === THIS_MACHINE || now.proof === proof ? now : ended("renewed");
  }

  /** Who an account is now. */
  holder(account: string): Principal | Ended {
    return account === THIS_MACHINE ? this.#machine() : this.#client(account);
  }

  /** When somebody's token holds no more, by the wall's clock; undefined: it does for good, or is nobody's. */
  endsAtMs({ account }: Principal): number | undefined {
    return account === THIS_MACHINE ? undefined : this.#options.book.find(account)?.expiresMs;
  }

  /** Calls `changed` after something has changed about some client; it must not throw. The result ends that. */
  watch(changed: () => void): () => void {
    return this.#options.book.watch(changed);
  }

  /** What lets `principal` come again, here or at another peer; undefined while the house has no key. */
  resumeToken({ account, proof }: Principal, clientId: string, sessionId: string): string | undefined {
    const expiresMs = this.#nowMs() + this.resumeForMs;
    return this.#options.resume.issue({ account, clientId, sessionId, proof, expiresMs });
  }

  #orNotYet(isUnknown: boolean, refused: NotLetIn): NotLetIn {
    return isUnknown && this.#options.isKnown?.() === false ? NOT_YET : refused;
  }

  #machine(): Principal {
    return { account: THIS_MACHINE, role: "admin", groups: [], proof: this.#machineMark, remembers: false };
  }

  #client(name: string): Principal | Ended {
    const { book } = this.#options;
    const record = book.find(name);
    if (record === undefined) return ended("unknown");
    const refusal = book.refusalOf(record);
    return refusal === undefined ? principalOf(record) : ended(refusal);
  }
}

function principalOf({ name, role, groups, targets, proof, remembers }: ClientRecord): Principal {
  return { account: name, role, groups, proof, remembers, ...(targets === undefined ? {} : { targets }) };
}

function ended(reason: EndReason): Ended {
  return { reason, why: WHY[reason] };
}

const NOT_FROM_HERE: NotLetIn = { why: "this token is good on the peer's own machine only, and not by a proxy" };

const NOT_YET: NotLetIn = {
  why: "this peer has just started, and does not know yet whom its house lets in",
  isForNow: true,
};

const WHY = {
  unknown: "wrong token",
  locked: "this client is locked out",
  expired: "the token of this client has expired",
  renewed: "the client has a new token since",
} as const satisfies Record<EndReason, string>;
