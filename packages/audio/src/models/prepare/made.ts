/** An unpacked tarball member. */
export interface Member {
  readonly member: string;
  readonly content: Buffer;
}

/** Files by their path in the model's folder. */
export type Made = ReadonlyMap<string, Buffer>;
