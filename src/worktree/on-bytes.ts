/** How the work on files tells how far it is. */

/** Hears how many more bytes of a file are done, and whether with these all of it is. */
export type OnBytes = (bytes: number, path: string, isDone: boolean) => void;
