/** Which of six colours a type has: by its name, so that it is the same everywhere. */

const COLOURS = 6;

/** Name of the class that colours it. */
export function kindOf(type: string): string {
  let sum = 0;
  for (const letter of type) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return `kind-${(sum % COLOURS) + 1}`;
}
