/** Whose client goes by an id, whom peers know, and who belongs to a group: of all that is written down, waits, and was seen. */
import { THIS_MACHINE } from "../access/gate.ts";
import type { Directory } from "./directory.ts";
import type { Ids, IdOwner } from "./ids.ts";
import type { Mail } from "./mail.ts";

/** Who was let in to the house. */
export interface Accounts {
  /** Whether somebody was let in by that name, whether or not they were ever there. */
  has(name: string): boolean;
  /** Whether clients of that account may belong to that group now. */
  mayBelong(account: string, group: string): boolean;
  /** Calls `changed` after something has changed about any. */
  watch(changed: () => void): () => void;
}

/** Whether a client of `account` may go by an id that is `owner`'s, and have what is meant for it. */
export function mayGoBy(account: string, owner: string | undefined): boolean {
  return owner === undefined || account === owner || account === THIS_MACHINE;
}

export class Known {
  readonly #directory: Directory;
  readonly #ids: Ids;
  readonly #mail: Mail;
  readonly #accounts: Accounts | undefined;

  constructor(directory: Directory, ids: Ids, mail: Mail, accounts: Accounts | undefined) {
    this.#directory = directory;
    this.#ids = ids;
    this.#mail = mail;
    this.#accounts = accounts;
  }

  /** Whose client goes by this id, or did: what is meant for it is meant for them. Undefined: nobody's that is known. */
  ownerOf(clientId: string): string | undefined {
    if (this.#accounts?.has(clientId) === true) return clientId;
    return this.#ids.find(clientId)?.account ?? this.#mail.ownerOf(clientId) ?? this.#directory.accountOf(clientId);
  }

  /** Who the house has agreed on, however else it looks here. */
  agreedOwnerOf(clientId: string): string | undefined {
    return this.#accounts?.has(clientId) === true ? clientId : this.#ids.find(clientId)?.account;
  }

  isKnown(clientId: string): boolean {
    return this.ownerOf(clientId) !== undefined;
  }

  /** Who belongs to a group and may, also those who are away. */
  membersOf(group: string): readonly string[] {
    const away = this.#ids.all().filter((id) => id.groups.includes(group) && !this.#directory.isKnown(id.clientId));
    const members = [...this.#directory.membersOf(group), ...away.map(({ clientId }) => clientId)];
    return members.filter((clientId) => this.#mayBelong(clientId, group));
  }

  /** Nothing need be written down of it: a client's own name says whose it is. */
  isPlain({ clientId, account, groups }: IdOwner): boolean {
    return clientId === account && groups.length === 0 && this.#ids.find(clientId) === undefined;
  }

  /** Whether an account is nobody's any more: what it has left is for nobody. */
  isGone(account: string): boolean {
    return account !== THIS_MACHINE && this.#accounts?.has(account) === false;
  }

  #mayBelong(clientId: string, group: string): boolean {
    const account = this.#directory.placeOf(clientId)?.seat.account ?? this.ownerOf(clientId);
    return account === undefined || this.#accounts?.mayBelong(account, group) !== false;
  }
}
