/** How a client says who it is. */
import type { Payload } from "../../protocol/envelope.ts";
import { MAX_TEXT_BYTES } from "../../protocol/limits.ts";
import { ACKNOWLEDGES, PASSING, SIGNS, STAYS } from "../../protocol/session.ts";
import type { ConnectOptions } from "./options.ts";

/** What has become of it since it was made. */
export interface Known {
  readonly clientId: string;
  readonly groups: ReadonlySet<string>;
  readonly channels: ReadonlySet<string>;
  /** Given by the last peer: the token itself is shown to nobody meanwhile. */
  readonly resumeToken: string | undefined;
  /** A session to go on with that is not its own yet. */
  readonly continueSession: string | undefined;
  /** Which of its connections it is. */
  readonly comes: NonNullable<Payload<"REGISTER">["comes"]>;
}

const FEATURES: readonly string[] = [ACKNOWLEDGES, SIGNS, STAYS];

/** The payload of a REGISTER. */
export function introductionOf(options: ConnectOptions, known: Known): Payload<"REGISTER"> {
  const { token, clientType = "api", metadata, passing = options.clientId === undefined } = options;
  const { clientId, groups, channels, resumeToken, continueSession, comes } = known;
  return {
    clientId,
    ...(resumeToken === undefined ? { authToken: token } : { resumeToken }),
    ...(continueSession === undefined ? {} : { continueSession }),
    comes,
    clientType,
    capabilities: {
      supportsStreaming: true,
      supportsBinaryData: true,
      maxMessageSize: MAX_TEXT_BYTES,
      features: [...FEATURES, ...(passing ? [PASSING] : [])],
    },
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    ...(groups.size === 0 ? {} : { groups: [...groups] }),
    ...(channels.size === 0 ? {} : { channels: [...channels] }),
  };
}
