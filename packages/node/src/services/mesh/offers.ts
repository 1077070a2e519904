/** What a peer offers the house, as it travels: adverts, and what callers must know of an engine before they use it. */
import { messageKinds } from "@parley/actors";
import * as z from "zod";
import { readAdvert, type Advert } from "../../routing/index.ts";

/** What differs between engines of one capability. */
export interface EngineFacts {
  /** Of voices. */
  readonly sampleRateHz?: number | undefined;
  /** Two voices of the same model and version make the same sound of the same text. */
  readonly version?: string | undefined;
  /** Of what finds voices. */
  readonly frameMs?: number | undefined;
  /** Of what listens for words. */
  readonly words?: readonly string[] | undefined;
  readonly stepMs?: number | undefined;
}

export interface Offer {
  readonly advert: Advert;
  readonly facts: EngineFacts;
}

/** All that a peer offers now; it takes the place of what it said before. */
export interface OffersNote {
  readonly type: "offers";
  /** As its connection has proved it. */
  readonly peer: string;
  readonly offers: readonly Offer[];
  /** It knows nothing of whom it tells, and wants to be told the same. */
  readonly isNew: boolean;
}

const text = z.string().min(1).max(200);
const facts = z.object({
  sampleRateHz: z.int().min(8_000).max(192_000).optional(),
  version: text.optional(),
  frameMs: z.number().min(5).max(100).optional(),
  words: z.array(text).max(64).optional(),
  stepMs: z.number().min(5).max(1_000).optional(),
});
/** What a newer peer says beside is passed over. */
const note = z.object({
  type: z.literal("offers"),
  isNew: z.boolean(),
  offers: z.array(z.object({ advert: z.unknown(), facts })).max(32),
});

/** What `peer` offers; it speaks for itself only. What is no advert is left out. @throws ActorError `bad-message` */
export function readOffers(given: unknown, peer: string): OffersNote {
  return messageKinds<OffersNote>("the house's services", {
    offers: (each) => {
      const { type, isNew, offers } = note.parse(each);
      const read = offers.flatMap((one): readonly Offer[] => {
        const advert = readAdvert({ ...Object(one.advert), peer });
        return advert === undefined ? [] : [{ advert, facts: one.facts }];
      });
      return { type, isNew, peer, offers: read };
    },
  })(given);
}

/** As it is sent. */
export function writeOffers(offers: readonly Offer[], isNew: boolean): Omit<OffersNote, "peer"> {
  return { type: "offers", isNew, offers };
}
