/** Who writes with a workflow's own token. Nobody can register a name with brackets. */
export const BOT = 'github-actions[bot]'

/** First line of what we write for a group: it finds our text again, and proves nothing about its author. */
export const markerOf = (name: string): string => `<!-- fleet-drift:${name} -->`

export function bearsMarker(body: string, marker: string): boolean {
  return body.split(/\r?\n/, 1)[0] === marker
}

export interface Identity {
  /** The login of the token's own user; `null` where the token is nobody's or may not tell. */
  whoami(): Promise<string | null>
}
