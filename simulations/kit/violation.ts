/** What must not happen has happened in a simulation. */
export class Violation extends Error {
  override readonly name = "Violation";
  /** The invariant's name, which is its file's. */
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** Throws a {@link Violation} of `invariant` unless `condition` holds. The message is only made when it is needed. */
export function demand(condition: boolean, invariant: string, message: () => string): asserts condition {
  if (!condition) throw new Violation(invariant, message());
}
