/** How `ears.source` and `ears.sink` name what is no device. */
export const FILE = "file:";
export const RAW = "raw:";

/** Whether a source comes to an end by itself. */
export function isRecording(source: string): boolean {
  return source.startsWith(FILE);
}

/** Whether it is a microphone or a loudspeaker. */
export function isDevice(choice: string): boolean {
  return !choice.startsWith(FILE) && !choice.startsWith(RAW);
}
