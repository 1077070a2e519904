/** `parley sessions`: the conversations of the house, where each lives and how it came there. */
import type { Command } from "commander";
import { read } from "../cluster/answers.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { sessionAnswer, sessionsAnswer } from "../sessions/answers.ts";
import { sessionsText, sessionText } from "../sessions/texts.ts";
import { withManagement } from "./cluster/with-management.ts";

const HELP = `
"host" is the peer where a session lives, "entry" the one through which its client is there. "homeless" ones wait for another peer
to go on with them. What was said is not shown. A client that is no admin sees its own sessions.
`;

/** Adds `sessions` to the program. */
export function registerSessionsCommand(program: Command, context: CliContext): void {
  const sessions = program
    .command("sessions")
    .description("show the conversations of the house: where each lives, what it does, how it came there")
    .addHelpText("after", HELP);
  sessions.action(() =>
    withManagement(sessions, context, async ({ management, json, signal }) => {
      const answer = await management.get("/sessions/house", { signal });
      if (json) return printJson(context, answer);
      const all = read(sessionsAnswer, answer);
      context.stdout(sessionsText(all.sessions, all.silent, new Map(Object.entries(all.names))));
    }),
  );
  const show = sessions
    .command("show")
    .description("show one of them")
    .argument("<id>", "its id, or the beginning of it");
  show.action((id: string) =>
    withManagement(show, context, async ({ management, json, signal }) => {
      const answer = await management.get(`/sessions/house/${encodeURIComponent(id)}`, { signal });
      if (json) return printJson(context, answer);
      const { session, names } = read(sessionAnswer, answer);
      context.stdout(sessionText(session, new Map(Object.entries(names))));
    }),
  );
  const end = sessions
    .command("end")
    .description("end one of them: its client is told, and what was said in it is forgotten")
    .argument("<id>", "its id, or the beginning of it");
  end.action((id: string) =>
    withManagement(end, context, async ({ management, json, signal }) => {
      const answer = await management.delete(`/sessions/house/${encodeURIComponent(id)}`, { signal });
      if (json) return printJson(context, answer);
      context.stdout("The session has ended.\n");
    }),
  );
}
