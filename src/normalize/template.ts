import ipaddr from 'ipaddr.js'

/**
 * The shape of a value: its random-looking parts replaced, so that values which differ only in noise have one shape.
 * It only affects how surprising a row is and never makes two rows equal. Enumerations, flags, ports, protocols and
 * one-digit suffixes (`v1`, `python3`) keep their digits; public and private addresses keep different shapes.
 */
export function templateOf(value: string): string {
  let result = ''
  let from = 0
  for (let at = 0; at < value.length; ) {
    const code = value.charCodeAt(at)
    if (code >= 0x80) return templateOfAny(value)
    if (!isWord(code)) {
      at++
      continue
    }
    const start = at
    let mayChange = false
    for (; at < value.length; at++) {
      const code = value.charCodeAt(at)
      if (code >= 0x80) return templateOfAny(value)
      if (!isWord(code)) break
      if (code <= UPPER_Z) mayChange = true
    }
    for (
      let part = 0;
      part < 3 && value.charCodeAt(at) === DOT && isDigit(value.charCodeAt(at + 1));
      part++
    ) {
      mayChange = true
      at += isDigit(value.charCodeAt(at + 2)) ? (isDigit(value.charCodeAt(at + 3)) ? 4 : 3) : 2
    }
    if (!mayChange) continue
    const word = value.slice(start, at)
    const shape = shapeOf(word)
    if (shape === word) continue
    result += value.slice(from, start) + shape
    from = at
  }
  if (from === 0 || /^\d{1,5}$/.test(value)) return value
  return from === value.length ? result : result + value.slice(from)
}

/** The same for any characters: the definition of {@link templateOf}, which is faster on ASCII. */
function templateOfAny(value: string): string {
  if (!MAY_CHANGE.test(value)) return value
  return value.replace(/[\p{L}\p{N}]+(?:\.\d{1,3}){0,3}/gu, shapeOf)
}

/** A word without any of these keeps its shape. */
const MAY_CHANGE = /[0-9A-Z]/

const DOT = 0x2e
const UPPER_Z = 0x5a

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isWord = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= UPPER_Z)

function shapeOf(word: string): string {
  if (!MAY_CHANGE.test(word)) return word
  if (word.includes('.') && ipaddr.IPv4.isValidFourPartDecimal(word)) {
    const range = ipaddr.IPv4.parse(word).range()
    return range === 'unicast' ? '<public-ip>' : `<${range}-ip>`
  }
  if (/^[0-9a-f]{8,}$/i.test(word) && /\d/.test(word)) return '<hex>'
  if (word.length >= 6 && isMixed(word)) return '<rand>'
  return word.replace(/\d{2,}/g, '<num>')
}

/** Digits between letters, or capitals inside a word, as in names from `mktemp` and other random names. */
function isMixed(word: string): boolean {
  const turns = word.match(/[a-z](?=[A-Z0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[0-9])/g)
  return turns !== null && turns.length >= 2
}
