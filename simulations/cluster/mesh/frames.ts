/** What goes over a simulated connection, one way. */
export type Frame =
  | { readonly type: "open"; readonly stream: number; readonly protocol: string }
  | { readonly type: "opened"; readonly stream: number }
  /** Nobody takes such a stream, or not of this peer. */
  | { readonly type: "not-taken"; readonly stream: number }
  | { readonly type: "data"; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly type: "end"; readonly stream: number }
  | { readonly type: "reset"; readonly stream: number }
  | { readonly type: "gossip"; readonly topic: string; readonly bytes: Uint8Array }
  /** The connection is closed, or there is none such. */
  | { readonly type: "close" };
