/**
 * Where progress goes: a value that is passed in, never a global. Texts are our own; anything that came from a host must
 * have gone through `sanitize` first.
 */
export interface Log {
  /** Whether it shows ANSI colors. */
  readonly color?: boolean
  info(text: string): void
  debug(text: string): void
  /** @param at shows the warning under a heading, or beside a line */
  warning(text: string, at?: LogPlace): void
  error(text: string): void
  /** A collapsible group around `work`. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
}

/** A heading and, if there is one, a line of a file in the repository. */
export interface LogPlace {
  readonly title: string
  readonly file?: string
  /** From 1. */
  readonly line?: number
}
