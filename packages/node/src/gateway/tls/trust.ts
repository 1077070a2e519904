/** What clients are to trust so that they can talk to this house, for people and for phones. */
import type { Authorities } from "./authorities.ts";
import { fingerprintOf, type Predecessor } from "./authority.ts";
import type { Credentials } from "./credentials.ts";
import type { HomeAuthority } from "./home-authority.ts";
import { isWildcard } from "./names.ts";
import { certificateNameOf, pemOf, validityOf, type Der } from "./x509.ts";

/** What is to be trusted. */
export interface Trust {
  /** As lists of certificates show it. */
  readonly name: string;
  /** SHA-256, as systems show it: to be compared by a person. */
  readonly fingerprint: string;
  readonly pem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Where this peer keeps it as a file. */
  readonly file: string;
  /** The one before, as long as clients that know only that one are served. */
  readonly predecessor: Predecessor | null;
  /** This peer shows a person's own certificate instead. */
  readonly isOwnShown: boolean;
  /** Where clients elsewhere reach this peer; none where it keeps to its own machine. */
  readonly addresses: readonly string[];
}

export interface TrustSource {
  trust(): Promise<Trust>;
  /** The certificate itself. @throws PeerError `home-unusable` */
  certificate(): Promise<Der>;
  /** Makes another authority, as a person wants. @throws PeerError `no-quorum`, `not-member` */
  renew(): Promise<Trust>;
}

export interface TrustParts {
  readonly authorities: Authorities;
  readonly credentials: Pick<Credentials, "isOwn">;
  readonly home: Pick<HomeAuthority, "publicPath">;
  readonly addresses: () => readonly string[];
  readonly nowMs?: () => number;
}

export function trustSourceOf({
  authorities,
  credentials,
  home,
  addresses,
  nowMs = Date.now,
}: TrustParts): TrustSource {
  const trust = async (): Promise<Trust> => {
    const authority = await authorities.current();
    const { certificate, predecessor } = authority;
    const isTold = predecessor !== undefined && predecessor.untilMs > nowMs();
    return {
      name: certificateNameOf(certificate),
      fingerprint: fingerprintOf(authority),
      pem: pemOf(certificate),
      ...validityOf(certificate),
      file: home.publicPath,
      predecessor: isTold ? predecessor : null,
      isOwnShown: credentials.isOwn,
      addresses: addresses(),
    };
  };
  return {
    trust,
    certificate: async () => (await authorities.current()).certificate,
    renew: async () => {
      await authorities.renew();
      return trust();
    },
  };
}

/** Where clients elsewhere reach a peer, names before numbers. */
export function addressesOf(names: readonly string[], port: number): readonly string[] {
  const isOwn = (name: string): boolean => name === "localhost" || name === "::1" || name.startsWith("127.");
  const others = names.filter((name) => !isOwn(name) && !isWildcard(name) && !/^fe80:/i.test(name));
  const dotted = others.toSorted((one, other) => Number(other.endsWith(".local")) - Number(one.endsWith(".local")));
  return dotted.map((name) => `https://${name.includes(":") ? `[${name}]` : name}:${port}`);
}
