/** Which conversation `--continue` means. */
import { Option } from "commander";
import type { Config } from "../../config/index.ts";
import { PeerError } from "../../errors.ts";
import { read } from "../cluster/answers.ts";
import { openManagement } from "../management.ts";
import { sessionsAnswer } from "./answers.ts";

export function continueOption(): Option {
  const what =
    "go on with a conversation of the same account that another device has: a session or client, else the latest";
  return new Option("--continue [session-or-client]", what);
}

/** @param given of the option: true where it names none, undefined where it is not given @throws PeerError `no-such-session`, `no-peer` */
export async function sessionToContinue(
  given: unknown,
  config: Config,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (given === undefined) return undefined;
  const named = typeof given === "string" ? given : undefined;
  const management = await openManagement(config, env);
  const { account, sessions } = read(sessionsAnswer, await management.get("/sessions/house", { signal }));
  // Those of others are theirs, whoever may see them.
  const own = sessions.filter((each) => each.account === account);
  const found = own.find(
    ({ sessionId, clientId }) => named === undefined || clientId === named || sessionId.startsWith(named),
  );
  if (found !== undefined) return found.sessionId;
  const which = named === undefined ? "" : ` called ${named}`;
  throw new PeerError("no-such-session", `there is no conversation of this account${which}`, {
    nextStep: "Look which there are: parley sessions.",
  });
}
