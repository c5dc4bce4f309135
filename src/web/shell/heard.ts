/**
 * How far the answers go that pages have: the server says it on each. Who listens from the earliest on hears all that is
 * missing in them, and nothing needs to be asked for twice.
 */
import { OPERATION_HEADER } from "../../client/index.ts";

let earliest: number | undefined;
/** Where listening began, and what is done when an answer does not go as far. */
let begun: { readonly from: number; readonly onBehind: () => void } | undefined;

/**
 * Notes of an answer how far it goes.
 *
 * @param isEarly whether it was asked for before listening began; what is asked for from then on goes further
 */
export async function noted(answer: Promise<Response>, isEarly: boolean = begun === undefined): Promise<Response> {
  const response = await answer;
  const told = response.headers.get(OPERATION_HEADER);
  if (!isEarly || told === null) return response;
  const operation = Number(told);
  if (begun === undefined) earliest = Math.min(operation, earliest ?? operation);
  else if (operation < begun.from) begun.onBehind();
  return response;
}

/**
 * Where to begin to listen; `undefined` while no answer came.
 *
 * @param onBehind called when an answer that was asked for before does not go as far
 */
export function listenFrom(onBehind: () => void): number | undefined {
  if (earliest !== undefined) begun ??= { from: earliest, onBehind };
  return begun?.from;
}

/** Forgets what was noted of answers that pages no longer have. */
export function forgetNoted(): void {
  earliest = undefined;
}
