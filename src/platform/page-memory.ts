/** Memory for reading and writing past the page cache. */

/** What is used of WebAssembly: the types of Node do not name it. Some ways to start Node leave it out. */
declare const WebAssembly:
  | undefined
  | { Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer } };

/** No disk asks for more when its files are read or written past the page cache. */
export const PAGE_BYTES: number = 4096;
const WEB_ASSEMBLY_PAGE_BYTES: number = 64 * 1024;

/**
 * Zeros that begin at a page of memory, which reading and writing past the page cache asks for. What is not used takes no
 * room. Where there is no WebAssembly they may begin anywhere; the system then refuses them with EINVAL.
 */
export function pageMemory(bytes: number): Buffer {
  if (typeof WebAssembly === "undefined") return Buffer.alloc(bytes);
  const { buffer } = new WebAssembly.Memory({ initial: Math.ceil(bytes / WEB_ASSEMBLY_PAGE_BYTES) });
  return Buffer.from(buffer, 0, bytes);
}
