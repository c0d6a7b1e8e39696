/** The entries of a list input: one a line; empty lines and lines that start with `#` are ignored. */
export function listOf(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}
