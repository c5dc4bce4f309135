/** Sends one long body, and tells how much of it has gone: `fetch` does not. */

/** Does what `fetch` does for a request of ours with a body. @param onGone hears of the bytes that have gone so far */
export function sendTold(path: string, init: RequestInit, onGone: (bytes: number) => void): Promise<Response> {
  const { method = "PUT", headers, body, signal } = init;
  const request = new XMLHttpRequest();
  const stop = (): void => request.abort();
  const answer = new Promise<Response>((resolve, reject) => {
    request.upload.onprogress = ({ loaded }) => onGone(loaded);
    request.onload = () => {
      const type = request.getResponseHeader("content-type") ?? "";
      resolve(new Response(request.responseText, { status: request.status, headers: { "content-type": type } }));
    };
    request.onerror = () => reject(new TypeError("the request failed"));
    request.onabort = () => reject(signal?.reason);
    request.open(method, path);
    for (const [name, value] of new Headers(headers)) request.setRequestHeader(name, value);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", stop);
    request.send(body as Blob);
  });
  return answer.finally(() => signal?.removeEventListener("abort", stop));
}
