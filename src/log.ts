/**
 * Where progress goes. A value that is passed in, never a global.
 * Texts are our own words; anything a host said must have been through {@link inert} first.
 */
export interface Log {
  info(text: string): void
  debug(text: string): void
  warning(text: string): void
  error(text: string): void
  /** A collapsible group around `work`. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
}
