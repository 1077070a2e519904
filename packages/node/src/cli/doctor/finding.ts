/** What the doctor says about one thing. */
export interface Finding {
  /** What was examined, in one word: `memory`, `stt`. Stable, for programs. */
  readonly probe: string;
  /** `missing`: a voice turn needs it. `warning`: it works, but worse than it could. */
  readonly status: "ok" | "warning" | "missing";
  /** One sentence. */
  readonly summary: string;
  /** The command that mends it, or what a person can do where no command can. */
  readonly mend?: string;
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
}
