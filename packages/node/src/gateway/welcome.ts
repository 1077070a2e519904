/** What a client is told that was let in. */
import { SESSION_TIMEOUT_MS, type Continued, type Payload } from "@parley/sdk";
import type { Pass } from "./access-port.ts";

type Welcome = Payload<"REGISTER_ACK">;

/** @param continued what it goes on with, where it has asked for that */
export function welcomeOf(
  { resume, session }: Pass,
  serverInfo: Welcome["serverInfo"],
  continued: Continued | undefined,
): Welcome {
  return {
    success: true,
    sessionId: session.id,
    serverInfo,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    ...(continued === undefined ? {} : { continued }),
    ...(resume === undefined ? {} : { resumeToken: resume.token, resumeExpiresAt: resume.expiresAt }),
  };
}
