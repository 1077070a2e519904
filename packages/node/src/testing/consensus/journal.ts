/** A state machine that remembers what was carried out, and where it stood. */
import type { Command, StateMachine } from "@parley/raft";

interface Carried {
  readonly index: number;
  readonly term: number;
  readonly text: string;
}

export class Journal implements StateMachine {
  #carried: Carried[] = [];

  get texts(): readonly string[] {
    return this.#carried.map(({ text }) => text);
  }

  get places(): readonly Pick<Carried, "index" | "term">[] {
    return this.#carried;
  }

  /** Each command's result: how many there were, with its text. */
  apply(commands: readonly Command[]): readonly Uint8Array[] {
    return commands.map(({ index, term, data }) => {
      const text = Buffer.from(data).toString();
      this.#carried.push({ index, term, text });
      return new Uint8Array(Buffer.from(`${this.#carried.length} ${text}`));
    });
  }

  snapshot(): Iterable<Uint8Array> {
    return [new Uint8Array(Buffer.from(JSON.stringify(this.#carried)))];
  }

  async restore(contents: AsyncIterable<Uint8Array>): Promise<void> {
    const carried: unknown = JSON.parse(Buffer.concat(await Array.fromAsync(contents)).toString());
    if (!Array.isArray(carried)) throw new TypeError("this is no journal");
    this.#carried = carried;
  }
}
