/** What a connection asks of its peer beside sessions: everybody may come in, and nobody writes to anybody. */
import type { conversations } from "@parley/node/testing";

export type ConnectionDeps = conversations.ConnectionDeps;

const TOKEN_MS = 24 * 3_600_000;
const RESUME = "resume:";

/** The token of a session is its name: who has it may go on with it. */
export function accessOf(): ConnectionDeps["access"] {
  return {
    authenticate: ({ register: { resumeToken, continueSession }, newSessionId }) => {
      const own =
        resumeToken?.startsWith(RESUME) === true
          ? { id: resumeToken.slice(RESUME.length), isNew: false }
          : { id: newSessionId(), isNew: true };
      const session =
        continueSession === undefined ? own : { id: continueSession, isNew: false, continues: "house" as const };
      return {
        account: "house",
        resume: { token: `${RESUME}${session.id}`, expiresAt: Date.now() + TOKEN_MS },
        session,
        remembers: false,
        refusalOfId: () => undefined,
        refusalOf: () => undefined,
        endedBy: () => undefined,
        watch: () => () => undefined,
        charge: () => undefined,
        denied: () => undefined,
      };
    },
  };
}

export function hubOf(): ConnectionDeps["hub"] {
  return {
    ownerOf: () => undefined,
    enter: () => ({
      groups: [],
      channels: [],
      send: () => undefined,
      deliver: () => Promise.resolve(undefined),
      acknowledge: () => undefined,
      belong: () => undefined,
      onTaken: () => undefined,
      leave: () => undefined,
    }),
  };
}
