/** The part of proper-lockfile that is used here; the package ships no types. */
declare module "proper-lockfile" {
  export interface LockOptions {
    readonly lockfilePath: string;
    readonly realpath: boolean;
    /** Milliseconds without a sign of life after which a lock may be taken over; at least 2000. */
    readonly stale: number;
    /** Milliseconds between signs of life; at least 1000. */
    readonly update: number;
    readonly onCompromised: (error: Error) => void;
  }
  export function lock(file: string, options: LockOptions): Promise<() => Promise<void>>;
}
