/** The authority as it is kept at home, mode 0600: also of a member, which serves clients before and without a quorum. */
import * as z from "zod";
import { readIfThere, writeDurably } from "../../cluster/host/home/durable-file.ts";
import { pack, unpack, type Authority } from "./authority.ts";
import { pemOf } from "./x509.ts";

/** An authority that this peer shows. */
export interface Kept {
  readonly authority: Authority;
  /** Others know its key, or did. */
  readonly isShared: boolean;
}

const fileSchema = z.strictObject({
  format: z.literal(1),
  isShared: z.boolean(),
  about: z.string(),
  key: z.base64(),
});

export interface HomeAuthorityOptions {
  /** Holds the key. */
  readonly path: string;
  /** Holds the certificate alone, for people. */
  readonly publicPath: string;
}

export class HomeAuthority {
  readonly #options: HomeAuthorityOptions;

  constructor(options: HomeAuthorityOptions) {
    this.#options = options;
  }

  /** Where people find its certificate. */
  get publicPath(): string {
    return this.#options.publicPath;
  }

  /** Undefined where there is none, or none that can be understood. @throws PeerError `home-unusable` */
  async read(): Promise<Kept | undefined> {
    const text = await readIfThere(this.#options.path);
    const parsed = fileSchema.safeParse(jsonOf(text ?? ""));
    if (!parsed.success) return undefined;
    const { about, key, isShared } = parsed.data;
    const authority = unpack({ about: Buffer.from(about), secret: Buffer.from(key, "base64") });
    return authority && { authority, isShared };
  }

  /** @throws PeerError `home-unusable` */
  async write({ authority, isShared }: Kept): Promise<void> {
    const { about, secret } = pack(authority);
    const key = Buffer.from(secret).toString("base64");
    const file = { format: 1, isShared, about: Buffer.from(about).toString(), key };
    await writeDurably(this.#options.path, `${JSON.stringify(file)}\n`);
    await writeDurably(this.#options.publicPath, pemOf(authority.certificate));
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut short or not ours: as good as none.
    return undefined;
  }
}
