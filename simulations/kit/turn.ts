/** Promises under simulation: all that can go on goes on, before the next event of the timeline. */

/**
 * Fulfilled when no promise is left that could go on without another event. Microtasks run in the order they were made,
 * and all of them before the event loop's next turn; nothing simulated may wait for anything but those and the timeline.
 */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Of whoever waits in a process that is no more. */
export function never<T = void>(): Promise<T> {
  return new Promise(() => {
    /* nobody settles it */
  });
}
