/** For tests of programs that embed artifold, and for our own. */
export {};
