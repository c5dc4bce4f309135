/** What a command was called with. */
export interface Call {
  readonly args: readonly string[];
  /** The value of an option. */
  text(name: string): string | undefined;
  /** All values of an option that may be given several times. */
  list(name: string): readonly string[];
  flag(name: string): boolean;
}
