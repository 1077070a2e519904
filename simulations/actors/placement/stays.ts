/** Where entities and the singleton truly run, and who of them has been told to sleep. */
import type { Life } from "../host.ts";

/** An entity, or the singleton, in one stay on a host. */
export interface Guest {
  readonly name: string;
  readonly life: Life;
  /** Its epoch, or term. */
  readonly token: number;
  /** It asked to be put to sleep, or stopped by itself: it need not be woken. */
  mayEnd: boolean;
}

/** From a start, or restart, to its end. */
export interface Running {
  readonly guest: Guest;
}

export class Stays {
  readonly #running = new Map<string, Set<Running>>();
  readonly #latest = new Map<string, Guest>();
  readonly #begins = new Map<string, number>();

  /** `rivals`: those of the same name that run elsewhere, or in another stay, in a host that lives. */
  begin(guest: Guest): { readonly running: Running; readonly rivals: readonly Guest[] } {
    const { name, token } = guest;
    const rivals = this.running(name).filter((each) => each !== guest);
    const all = this.#running.get(name) ?? new Set();
    this.#running.set(name, all);
    const running = { guest };
    all.add(running);
    this.#begins.set(name, this.begins(name) + 1);
    if (token >= (this.#latest.get(name)?.token ?? 0)) this.#latest.set(name, guest);
    return { running, rivals };
  }

  end(running: Running): void {
    this.#running.get(running.guest.name)?.delete(running);
  }

  /** How often it has begun to run. */
  begins(name: string): number {
    return this.#begins.get(name) ?? 0;
  }

  running(name: string): readonly Guest[] {
    return [...(this.#running.get(name) ?? [])].map(({ guest }) => guest).filter(({ life }) => !life.isOver);
  }

  /** Those that run nowhere though they never went to sleep. */
  asleep(): readonly string[] {
    return [...this.#latest].flatMap(([name, { mayEnd }]) => (mayEnd || this.running(name).length > 0 ? [] : [name]));
  }
}
