/** What happens at desks: actors whose mailbox has a second lane, which is emptied first, and which set messages aside. */
export interface DeskHappening {
  /** `taken`: handed to the handler, also when that sets it aside; `handled`: it is done. */
  readonly type: "slip-taken" | "slip-handled";
  readonly desk: string;
  readonly from: string;
  readonly isUrgent: boolean;
  /** From 1, per sender, desk and lane. */
  readonly sequence: number;
  /** Urgent slips that were in the mailbox already. */
  readonly waiting: readonly string[];
}
