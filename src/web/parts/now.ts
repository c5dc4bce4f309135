/** The time, for "5 minutes ago": a signal that moves on by itself. */
import { signal } from "@preact/signals";

const STEP_MS = 20_000;

/** Milliseconds since 1970, to some seconds. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, STEP_MS);
