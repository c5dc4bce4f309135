/** Which of six colours a type has: a usual one its own, any other by its name, so that it is the same everywhere. */

const USUAL: { readonly [type: string]: number } = { dataset: 1, model: 2, result: 3, code: 4 };
const COLOURS = 6;

/** Name of the class that colours it. */
export function kindOf(type: string): string {
  if (Object.hasOwn(USUAL, type)) return `kind-${USUAL[type]}`;
  let sum = 0;
  for (const letter of type) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return `kind-${(sum % COLOURS) + 1}`;
}
