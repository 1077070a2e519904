/** Whose is which id, and what waits for whom: kept up to date, written down, and cleared away. */
import type { Pairs } from "../../cluster/pairs/port.ts";
import type { ClientSeat, Directory } from "./directory.ts";
import { Ids } from "./ids.ts";
import { Known, type Accounts } from "./known.ts";
import type { Kept, Letter, Mail } from "./mail.ts";
import type { Fate, Post } from "./post.ts";
import { Remembering } from "./remembering.ts";
import type { HubTime } from "./times.ts";
import { Waiting } from "./waiting.ts";

export interface OwnersOptions {
  readonly pairs: Pairs;
  readonly mail: Mail;
  readonly directory: Directory;
  readonly accounts: Accounts | undefined;
  readonly time: HubTime;
  /** Told once for each letter that nobody will get. */
  readonly report: (letter: Letter, fate: Fate) => void;
  /** Some id may be another account's than before. */
  readonly onChanged: () => void;
  /** Something threw that does not throw. */
  readonly onDefect: (error: unknown) => void;
}

export class Owners {
  readonly known: Known;
  readonly #options: OwnersOptions;
  readonly #ids: Ids;
  readonly #remembering: Remembering;
  readonly #waiting: Waiting;
  readonly #stops: (() => void)[];

  constructor(options: OwnersOptions) {
    const { pairs, mail, directory, accounts, time, onDefect, report } = options;
    this.#options = options;
    const ids = new Ids(pairs, time.nowMs);
    const known = new Known(directory, ids, mail, accounts);
    this.#ids = ids;
    this.known = known;
    this.#waiting = new Waiting({ mail, ids, known, time, report, onDefect });
    const isUsed = (clientId: string): boolean => directory.placeOf(clientId) !== undefined || mail.hasFor(clientId);
    this.#remembering = new Remembering({
      time,
      isDone: (owner) => known.isPlain(owner) || ids.says(owner) || known.isGone(owner.account),
      keep: (owner) => ids.keep(owner, isUsed),
      onDefect,
    });
    this.#stops = [
      ids.watch((changed) => this.#onAgreed(changed)),
      accounts?.watch(() => this.#onAccounts()) ?? (() => undefined),
    ];
  }

  /** A client of this peer has come, or changed groups. Nobody needs to remember the id of one that `isPassing`. */
  seated({ clientId, account, groups }: ClientSeat, isPassing: boolean): void {
    // Who belongs to a group is written to in it when it is away.
    if (isPassing && groups.length === 0) return;
    if (this.known.ownerOf(clientId) === account) this.#remembering.push({ clientId, account, groups: [...groups] });
  }

  /** Writes a message down for who goes by that id; durable when it settles. */
  async keep(post: Post, to: string): Promise<Kept | "unknown"> {
    const owner = this.known.ownerOf(to);
    const kept = owner === undefined ? "unknown" : await this.#options.mail.keep(post, to, owner);
    if (kept === "kept") this.#waiting.added(post, to);
    return kept;
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#remembering.close();
    this.#waiting.close();
  }

  /** Other ids than before are written down, or of other accounts or groups. */
  #onAgreed(clientIds: readonly string[]): void {
    const { directory, onChanged } = this.#options;
    for (const clientId of clientIds) {
      // What is written down counts for who is away.
      const isWritten = this.#ids.find(clientId) !== undefined;
      if (isWritten && directory.placeOf(clientId) === undefined) directory.forget(clientId);
    }
    onChanged();
  }

  #onAccounts(): void {
    const { directory, onChanged } = this.#options;
    onChanged();
    for (const account of directory.accounts) {
      if (this.known.isGone(account)) for (const id of directory.awayOf(account)) directory.forget(id);
    }
    this.#waiting.accountsChanged();
  }
}
