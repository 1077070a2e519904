type Defined<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what is undefined: as messages and options want it. */
export function defined<T extends object>(given: T): Defined<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the very keys and values, without those that are undefined
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>;
}
