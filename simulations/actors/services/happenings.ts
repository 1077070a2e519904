/** What receptionists say. */
export interface ServiceHappening {
  /** Some time after the last fault: what is asked for, or was subscribed to, is listed so on a host; and what truly lives. */
  readonly type: "services-listed";
  readonly by: string;
  readonly what: string;
  readonly listed: readonly string[];
  readonly live: readonly string[];
}
