/** What one client may send, from the configuration. */
import type { Config } from "../../config/index.ts";
import type { SendLimits } from "./allowances.ts";

const MB = 1_000_000;

export function sendLimitsOf({ limits }: Pick<Config, "limits">): SendLimits {
  const { messages_per_minute: messagesPerMinute, audio_mb_per_minute } = limits;
  return { messagesPerMinute, audioBytesPerMinute: audio_mb_per_minute * MB };
}
