/** Reads a request's body of a known length; `undefined` when it has another. */
export async function readBody(request: Request, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  let at = 0;
  const reader = request.body?.getReader();
  if (reader === undefined) return length === 0 ? bytes : undefined;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return at === length ? bytes : undefined;
    if (at + value.length > length) {
      await reader.cancel();
      return undefined;
    }
    bytes.set(value, at);
    at += value.length;
  }
}
