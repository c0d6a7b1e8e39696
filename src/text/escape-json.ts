/** Not line feeds: they separate values, and within strings JSON escapes them itself. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Default_Ignorable_Code_Point}]/gu

/**
 * Writes characters that a terminal or an editor could hide or obey (controls, bidirectional and invisible characters)
 * as `\uXXXX`, which means the same to every JSON parser.
 */
export function escapeUnseen(json: string): string {
  return json.replace(UNSEEN, escapeUnits)
}

function escapeUnits(character: string): string {
  let escaped = ''
  for (let at = 0; at < character.length; at++) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }
  return escaped
}
