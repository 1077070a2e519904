/** The lights of a house: what this program is about, whatever talks to it. */
export const ROOMS = ["kitchen", "hall", "bedroom"] as const;
export type Room = (typeof ROOMS)[number];

export class Lights {
  readonly #lit = new Set<Room>();

  /** What is lit, in the order of the rooms. */
  get lit(): readonly Room[] {
    return ROOMS.filter((room) => this.#lit.has(room));
  }

  set(room: Room, isOn: boolean): void {
    if (isOn) this.#lit.add(room);
    else this.#lit.delete(room);
  }

  /** For people. */
  describe(): string {
    return this.lit.length === 0 ? "all lights are off" : `there is light in the ${this.lit.join(" and the ")}`;
  }
}
