/** Looks at a cluster whenever it has changed, and every now and then. */
import type { Cluster } from "../../cluster/face.ts";

/** Even when nothing changes: some things are told because they last. */
const LOOK_EVERY_MS = 5000;
/** A busy cluster changes more often than anybody reads. */
const PAUSE_MS = 200;

/** Calls `look` now, and from then on until the result is called. */
export function watchCluster(cluster: Cluster, look: () => void): () => void {
  let pause: NodeJS.Timeout | undefined;
  let isStale = false;
  const changed = (): void => {
    isStale = pause !== undefined;
    if (isStale) return;
    look();
    pause = setTimeout(() => {
      pause = undefined;
      if (isStale) changed();
    }, PAUSE_MS);
    pause.unref();
  };
  const unwatch = cluster.onChange(changed);
  const looking = setInterval(changed, LOOK_EVERY_MS);
  looking.unref();
  changed();
  return () => {
    clearInterval(looking);
    clearTimeout(pause);
    unwatch();
  };
}
