import { type Node, type ParseError, type ParseErrorCode, parseTree, printParseErrorCode } from 'jsonc-parser'
import { list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'

/** A file that is not a pack. The message completes a sentence that starts with the file. */
export class PackError extends Error {}

/** The value of a JSON text as osquery reads it. Objects have no prototype. */
export interface PackJson {
  readonly value: unknown
  /** What osquery would read in another way, each as the end of a sentence. */
  readonly notices: readonly string[]
}

const PROBLEMS: Readonly<Partial<Record<ReturnType<typeof printParseErrorCode>, string>>> = {
  InvalidSymbol: 'a word that JSON does not have',
  InvalidNumberFormat: 'a number that JSON does not have',
  PropertyNameExpected: 'a name in double quotes is missing',
  ValueExpected: 'a value is missing',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing',
  CloseBraceExpected: 'a closing brace is missing',
  CloseBracketExpected: 'a closing bracket is missing',
  EndOfFileExpected: 'there is more behind its end',
  UnexpectedEndOfString: 'a text does not end on its line; a backslash at the end of the line continues it',
  UnexpectedEndOfComment: 'a comment does not end',
  UnexpectedEndOfNumber: 'a number does not end',
  InvalidUnicode: 'an escape \\u that is not one',
  InvalidEscapeCharacter: 'an escape that JSON does not have; a backslash is written \\\\',
  InvalidCharacter: 'a character that JSON does not allow'
}

/**
 * Parses JSON as osquery does: lines that begin with `#` or `//` are comments, and a backslash at the end of a line
 * continues it. Other comments and trailing commas are read too, with a notice: osquery refuses them. Of a name that is
 * there twice, the first counts.
 * @throws PackError with the line
 */
export function parsePackJson(text: string): PackJson {
  const { json, lineAt } = withoutComments(text)
  const errors: ParseError[] = []
  const root = parseTree(json, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first !== undefined)
    throw new PackError(`is not valid JSON: ${describe(first.error)} (line ${lineAt(first.offset)})`)
  const strict: ParseError[] = []
  parseTree(json, strict, { disallowComments: true })
  const [lenient] = strict
  const notices: string[] = []
  if (lenient !== undefined)
    notices.push(
      `osqueryd would not load it: line ${lineAt(lenient.offset)} has a comment behind other text or a comma too many`
    )
  else if (/\\\r\n/.test(text))
    notices.push(
      'osqueryd would not load it: it continues lines with a backslash, and ends them as Windows does'
    )
  const repeated: string[] = []
  const value =
    root === undefined ? undefined : readNode(root, node => repeated.push(describeName(node, lineAt)))
  if (repeated.length > 0)
    notices.push(`it has names twice, of which the first counts, as for osquery: ${list(repeated, 4)}`)
  return { value, notices }
}

const describe = (code: ParseErrorCode): string => PROBLEMS[printParseErrorCode(code)] ?? 'it has a mistake'

function describeName(node: Node, lineAt: (offset: number) => number): string {
  return `${sanitize(String(node.value), 60)} (line ${lineAt(node.offset)})`
}

function readNode(node: Node, onRepeated: (name: Node) => void): unknown {
  if (node.type === 'array') return (node.children ?? []).map(child => readNode(child, onRepeated))
  if (node.type !== 'object') return node.value
  const object: Record<string, unknown> = Object.create(null)
  for (const { children: [name, value] = [] } of node.children ?? []) {
    if (name === undefined || value === undefined) continue
    if (name.value in object) onRepeated(name)
    else object[name.value] = readNode(value, onRepeated)
  }
  return object
}

/** Joins continued lines and blanks comments out. The spaces at the beginning of a continued line stay. */
function withoutComments(text: string): {
  readonly json: string
  readonly lineAt: (offset: number) => number
} {
  const joints: number[] = []
  let json = ''
  let from = 0
  for (const { index, 0: joint } of text.matchAll(/\\\r?\n/g)) {
    json += text.slice(from, index)
    joints.push(json.length)
    from = index + joint.length
  }
  json += text.slice(from)
  return {
    json: json.replace(/^[^\S\n]*(?:#|\/\/).*$/gm, comment => ' '.repeat(comment.length)),
    lineAt(offset) {
      const before = json.slice(0, offset)
      return before.split('\n').length + joints.filter(joint => joint <= offset).length
    }
  }
}
