import ipaddr from 'ipaddr.js'

/**
 * The shape of a value: random-looking parts replaced, so that per-host noise of one kind is recognised as one kind.
 * Weighs surprise only; it never makes two rows equal. Enumerations, flags, ports, protocols and one-digit suffixes
 * (`v1`, `python3`) keep their digits; public and private addresses stay apart.
 */
export function templateOf(value: string): string {
  if (!NOTEWORTHY.test(value) || /^\d{1,5}$/.test(value)) return value
  return value.replace(/[\p{L}\p{N}]+(?:\.\d{1,3}){0,3}/gu, shapeOf)
}

/** A word without these is kept as it is. */
const NOTEWORTHY = /[0-9A-Z]/

function shapeOf(word: string): string {
  if (!NOTEWORTHY.test(word)) return word
  if (word.includes('.') && ipaddr.IPv4.isValidFourPartDecimal(word)) {
    const range = ipaddr.IPv4.parse(word).range()
    return range === 'unicast' ? '<public-ip>' : `<${range}-ip>`
  }
  if (/^[0-9a-f]{8,}$/i.test(word) && /\d/.test(word)) return '<hex>'
  if (word.length >= 6 && isMixed(word)) return '<rand>'
  return word.replace(/\d{2,}/g, '<num>')
}

/** Digits between letters, or capitals inside a word: what `mktemp` and random names look like. */
function isMixed(word: string): boolean {
  const turns = word.match(/[a-z](?=[A-Z0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[0-9])/g)
  return turns !== null && turns.length >= 2
}
