/**
 * What this peer shows to clients: a certificate for its names, from the house's authority, made anew before it ends and whenever
 * authority, names or addresses change; or a person's own, read again when its files change. Clients that are there notice nothing.
 */
import { generateKeyPair } from "node:crypto";
import { isDeepStrictEqual, promisify } from "node:util";
import type { Logger } from "pino";
import { messageOf } from "../../errors.ts";
import type { Authorities } from "./authorities.ts";
import { CLOCKS_DIFFER_MS, type Authority } from "./authority.ts";
import {
  hasOwnCertificate,
  readOwnCertificate,
  worryAbout,
  type OwnCertificateFiles,
  type Shown,
} from "./own-certificate.ts";
import { peerCertificate, pemOf, validityOf, type Der, type Validity } from "./x509.ts";

/** Short enough that a key which got lost does no harm for long, and well below what phones take at most (825 days). */
const LIFE_MS = 90 * 86_400_000;
/** A third of its life before its end another one takes its place. */
const RENEWED_BEFORE_MS = LIFE_MS / 3;
/** What another one would have to gain. */
const WORTH_IT_MS = 3_600_000;
const LOOK_EVERY_MS = 15_000;

export interface CredentialsOptions {
  readonly authorities: Pick<Authorities, "current" | "watch">;
  /** What clients may call this peer now; the first is that of people. */
  readonly names: () => readonly string[];
  /** What people call it. */
  readonly name: string;
  readonly files: OwnCertificateFiles;
  readonly log: Logger;
  /** Wall clock, epoch. Default: that of this machine. */
  readonly nowMs?: () => number;
}

interface Made {
  readonly authority: Authority;
  /** Those of the authority's that still count: some clients stumble over one that does not. */
  readonly bridges: readonly Der[];
  readonly names: readonly string[];
  readonly validity: Validity;
}

export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #isOwn: boolean;
  readonly #watchers = new Set<() => void>();
  readonly #stops: (() => void)[] = [];
  #shown: Shown | undefined;
  #made: Made | undefined;
  #working: Promise<void> = Promise.resolve();
  #complained: string | undefined;

  /** @throws PeerError `config-invalid` for half of an own certificate */
  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#isOwn = hasOwnCertificate(options.files);
  }

  /** Whether it is a person's own, and not of the house's authority. */
  get isOwn(): boolean {
    return this.#isOwn;
  }

  /** Reads what a person has given. @throws PeerError `config-invalid` when it cannot be used */
  async open(): Promise<void> {
    if (!this.#isOwn) return;
    this.#shown = await readOwnCertificate(this.#options.files);
    this.#worry(this.#shown);
  }

  /** What is shown now; made where there is none yet. @throws PeerError `home-unusable` */
  async current(): Promise<Shown> {
    if (this.#shown === undefined) await this.#inTurn(() => this.#renew());
    const shown = this.#shown;
    if (shown === undefined) throw new TypeError("what was made is there");
    return shown;
  }

  /** From now on it is renewed when that is due. */
  follow(): void {
    const look = (): void => void this.look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    timer.unref();
    this.#stops.push(() => clearInterval(timer), this.#options.authorities.watch(look));
  }

  /** Calls `changed` when something else is shown. The result ends that. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Does what is due; fulfilled when it is done. Never rejects: what was shown is shown on. */
  async look(): Promise<void> {
    // Nobody has asked yet: it is made when somebody does.
    if (this.#shown === undefined) return;
    try {
      await this.#inTurn(() => (this.#isOwn ? this.#reread() : this.#renew()));
      this.#complained = undefined;
    } catch (error) {
      const why = messageOf(error);
      // Said once: the next look finds the same.
      if (why === this.#complained) return;
      this.#complained = why;
      this.#options.log.warn({ err: error }, "the certificate could not be renewed: what was shown is shown on");
    }
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#working;
  }

  async #reread(): Promise<void> {
    const read = await readOwnCertificate(this.#options.files);
    if (isDeepStrictEqual(read, this.#shown)) return;
    this.#worry(read);
    this.#show(read, "its files have changed");
  }

  async #renew(): Promise<void> {
    const { authorities, names: namesNow, name, nowMs = Date.now } = this.#options;
    const authority = await authorities.current();
    const names = namesNow();
    const bridges = authority.bridges.filter((each) => validityOf(each).notAfterMs > nowMs());
    const why = dueBecause(this.#made, { authority, bridges, names }, nowMs());
    if (why === undefined) return;
    const { publicKey, privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
    const validity = validityBy(authority, nowMs());
    const certificate = await peerCertificate({ commonName: name, publicKey, names }, authority, validity);
    this.#made = { authority, bridges, names, validity };
    this.#show(
      {
        certificate: [certificate, ...bridges].map(pemOf).join(""),
        key: String(privateKey.export({ format: "pem", type: "pkcs8" })),
      },
      why,
    );
  }

  #show(shown: Shown, why: string): void {
    this.#shown = shown;
    this.#options.log.debug({ why }, "another certificate is shown");
    for (const changed of this.#watchers) changed();
  }

  #worry(shown: Shown): void {
    const worry = worryAbout(shown, (this.#options.nowMs ?? Date.now)());
    if (worry !== undefined)
      this.#options.log.warn({ file: this.#options.files.certificate, worry }, "the certificate");
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined);
    return done;
  }
}

/** Why another certificate is to be made; undefined: it is not. */
function dueBecause(made: Made | undefined, now: Omit<Made, "validity">, nowMs: number): string | undefined {
  if (made === undefined) return "there was none";
  if (!isDeepStrictEqual(made.names, now.names)) return "names or addresses have changed";
  const [before, after] = [made.authority, now.authority];
  if (!before.certificate.equals(after.certificate)) return "it comes from another authority";
  if (made.bridges.length !== now.bridges.length) return "the authority is vouched for differently";
  const { notBeforeMs, notAfterMs } = made.validity;
  const wanted = validityBy(after, nowMs);
  const isNearEnd = nowMs > notAfterMs - Math.min(RENEWED_BEFORE_MS, (notAfterMs - notBeforeMs) / 3);
  if (isNearEnd && wanted.notAfterMs > notAfterMs + WORTH_IT_MS) return "its end comes near";
  // A clock that was set back by more than clocks may differ.
  const isTooEarly = nowMs < notBeforeMs && wanted.notBeforeMs < notBeforeMs - WORTH_IT_MS;
  return isTooEarly ? "by this machine's clock it does not count yet" : undefined;
}

/** Within that of the authority: beyond it clients believe nothing. */
function validityBy({ certificate }: Authority, nowMs: number): Validity {
  const { notBeforeMs, notAfterMs } = validityOf(certificate);
  return {
    notBeforeMs: Math.max(notBeforeMs, nowMs - CLOCKS_DIFFER_MS),
    notAfterMs: Math.min(notAfterMs, nowMs + LIFE_MS),
  };
}
