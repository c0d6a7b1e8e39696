/** Not the line breaks and blanks between the values: within strings JSON escapes those itself. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Default_Ignorable_Code_Point}]/gu

/**
 * JSON text in which what a terminal or an editor could hide or obey (controls, bidirectional and invisible
 * characters) is written as `\uXXXX`, which means the same to every parser.
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
