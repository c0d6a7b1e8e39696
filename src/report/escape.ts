import { inert } from '../inert.ts'

/**
 * What a host said, safe in Markdown wherever GitHub renders it, table cells included. The text stands in `<code>`,
 * where GitHub makes no mention, reference, commit link or emoji of it, and every character that Markdown or HTML
 * knows is an entity, for Markdown is still read inside of raw HTML.
 * @param limit in characters; longer texts end in `…`
 */
export function code(text: string, limit = 200): string {
  const shown = inert(text, limit)
  return shown === '' ? '<code> </code>' : `<code>${entities(shown)}</code>`
}

/** Our own words that may carry a name from a pack or an input: Markdown's and HTML's characters become entities. */
export function plain(text: string, limit = 1_000): string {
  return entities(inert(text, limit))
}

function entities(text: string): string {
  return text
    .replace(/[&<>|`*_~[\]()#@:\\!${}"'^]/g, character => `&#${character.codePointAt(0)};`)
    .replace(/www\./gi, match => `${match.slice(0, -1)}&#46;`)
}
