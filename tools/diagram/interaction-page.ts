/** `docs/INTERACTION.md`: the course of a conversation, drawn from the machine that decides it. */
import { interactionMachine } from "@parley/audio/interaction-machine";
import { interactionOptions } from "@parley/audio/turn";
import { mermaid, transitionRows } from "./mermaid.ts";

const TIMES = Object.entries(interactionOptions());

/** The page. */
export function interactionPage(): string {
  return `# The course of a conversation

<!-- Drawn from packages/audio/src/turn/interaction/machine.ts; change it there, then run \`npx vitest run test/house/interaction-page.test.ts -u\`. -->

What a spoken conversation is doing, and what may happen next, is one state machine: \`interactionMachine\` of
\`@parley/audio/interaction-machine\`. It decides and does nothing. Events and the time go in; what is to be done comes out, in order, for
a driver to carry out (\`createInteraction\`). An event that has no meaning where it arrives changes nothing.

A **turn** is what a person says and the answer to it; every turn that begins ends once (\`end-turn\`), in order. A
**generation** is one piece of work for a turn; results of an older one are late, and dropped.

- \`idle\`: a wake word, a key or, in open conversations, speech is waited for. An answer that was begun elsewhere is taken up
  from here (\`resume\`); what is said before its sound comes is a turn of its own.
- \`wakeword_detected\`: the hosts that heard it settle who answers; what is said meanwhile is kept.
- \`listening_for_command\`: ears are open. In \`pausing\` the person may have finished: work begins early, and is taken back
  when they go on.
- \`processing\`, \`responding\`: nothing of the answer has been heard yet; what is said now joins the question. In \`told\` an
  answer without sound is complete, and waits a little for who was going on before they can have read it.
- \`speaking\`: the answer is heard. A sound ducks it, speech interrupts it. Speech that began within \`joinGraceMs\` of the
  first sound interrupts nothing: they were going on; the reply is taken back, and the turn listens on.
- \`interrupting\`: playback stops and tells how much was heard; ears are open already.

\`\`\`mermaid
${mermaid(interactionMachine.root)}
\`\`\`

## Options

| option | default |
| --- | --- |
${TIMES.map(([name, value]) => `| \`${name}\` | ${String(value)} |`).join("\n")}

## Every transition

Of those with the same state and event, the first whose guard holds is taken; without a state to go to, only the memory
changes or something is to be done. A state within another takes what it has no transition for from the outer one.

| state | event | guard | to |
| --- | --- | --- | --- |
${transitionRows(interactionMachine.root).join("\n")}
`;
}
