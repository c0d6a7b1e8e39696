/** The entries of a list, one per line. Empty lines and lines that start with `#` are ignored. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}
