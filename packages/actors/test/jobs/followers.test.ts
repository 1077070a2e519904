import { expect, test } from "vitest";
import { ActorError, type ActorRef, type JobAnswer, type JobSnapshot } from "../../src/index.ts";
import { Followers } from "../../src/jobs/followers.ts";

const DONE: JobSnapshot = { id: "one", kind: "k", state: "done", attempt: 1, queuedAtMs: 0, result: () => undefined };

/** Somebody on another host, to whom no functions can be sent. */
function farAway() {
  const heard: JobAnswer[] = [];
  const tell = (answer: JobAnswer): ActorError | undefined => {
    if (answer.type === "job") return new ActorError("bad-message", "a function cannot travel");
    heard.push(answer);
    return undefined;
  };
  return { heard, ref: { tell } as unknown as ActorRef<JobAnswer> };
}

test("who follows a job whose result cannot travel is told so, as the last word", () => {
  const followers = new Followers(4);
  const { heard, ref } = farAway();
  followers.add("one", ref, true);
  followers.tell(DONE, true);
  followers.close({ type: "refused", code: "actor-stopped", text: "the job runner has stopped" });
  expect(heard).toEqual([{ type: "refused", code: "bad-message", text: "a function cannot travel" }]);
});
