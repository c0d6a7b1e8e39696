/**
 * Where progress goes. A value that is passed in, never a global.
 * Texts are our own words; anything a host said must have been through {@link inert} first.
 */
export interface Log {
  info(text: string): void
  debug(text: string): void
  /** @param at what it is about, shown beside that line */
  warning(text: string, at?: LogPlace): void
  error(text: string): void
  /** A collapsible group around `work`. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
}

/** A heading and, where there is one, a line of a file in the repository. */
export interface LogPlace {
  readonly title: string
  readonly file?: string
  /** From 1. */
  readonly line?: number
}
