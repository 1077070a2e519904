/** Mistakes that a router may have. */
import { bug, type PlantedBug } from "../../kit/planted.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    1,
    "privacy is not looked at",
    "routing/rules.ts",
    `if (privacy === "host" && !staysHere(entry, fleet)) return "privacy";`,
    "",
  ),
  bug(2, "every language will do", "routing/rules.ts", `entry.languages?.has(wish.language) === false`, "false"),
  bug(3, "what waits is not counted", "routing/queue.ts", `jobs < concurrency || concurrency <= 0`, "true"),
  bug(4, "a breaker never opens", "routing/breaker.ts", `untilMs: nowMs + openMs`, "untilMs: nowMs"),
  bug(5, "a breaker never closes", "routing/breaker.ts", `if (nowMs < untilMs)`, "if (untilMs > 0)"),
  bug(
    6,
    "a job that tries whether a service works again tries it for ever",
    "routing/breaker.ts",
    `isTried: triedMs !== undefined && nowMs - triedMs < trialMs`,
    "isTried: true",
  ),
  {
    number: 7,
    name: "how long may be waited is not looked at",
    edits: [
      {
        file: "routing/admission.ts",
        search: `if (waitMs > patienceMs) return { taken: false, why: "late" };`,
        replace: "",
      },
      { file: "routing/rules.ts", search: `entry.isFull || knownQueueMs > wish.patienceMs`, replace: "entry.isFull" },
    ],
  },
  {
    number: 8,
    name: "chance chooses among all, not among the best",
    edits: [
      { file: "routing/decide.ts", search: "const NEARLY = 2;", replace: "const NEARLY = 1e6;" },
      { file: "routing/decide.ts", search: "return chance;", replace: "return 1;" },
    ],
  },
  bug(9, "slow engines count as fast ones", "routing/directory.ts", `costs.perAudioMs * size.audioMs`, "0"),
  {
    number: 10,
    name: "what was sent is counted for ever",
    edits: [
      {
        file: "routing/sent-jobs.ts",
        search: `return () => this.#drop(peer, capability, (each) => each === one);`,
        replace: "return () => undefined;",
      },
      { file: "routing/sent-jobs.ts", search: `({ arrivesMs }) => arrivesMs <= atMs`, replace: "() => false" },
    ],
  },
  bug(11, "a measured speed is upside down", "routing/priors.ts", `? 1_000 / perSecond : prior`, "? perSecond : prior"),
  bug(
    12,
    "whoever is busy is refused for",
    "routing/rules.ts",
    `knownQueueMs > wish.patienceMs) return "busy"`,
    `knownQueueMs > 0) return "busy"`,
  ),
];
