/** Sleep of the host, as whatever watches it tells. */

export interface SleepEvents {
  /** The host is about to sleep, and waits for this to be fulfilled, for some seconds at most. Never rejects. */
  falling(): Promise<void>;
  /** It is awake again, or did not sleep after all. */
  woke(): void;
}

export interface SleepWatch {
  close(): Promise<void>;
}
