import {
  findNodeAtLocation,
  type Node,
  type ParseError,
  parse,
  parseTree,
  printParseErrorCode,
  visit
} from 'jsonc-parser'
import { type LineLocation, lineLocator } from '../text/line-locator.ts'

/** Something wrong in a file, and where. */
export interface LocatedProblem {
  readonly place: LineLocation
  readonly message: string
}

/** Parsed JSON with its text, which says where each value is. */
export interface LocatedJson {
  readonly text: string
  readonly value: unknown
  /** Keys that an object has twice (JSON silently keeps the last), or must not have. */
  readonly badKeys: readonly LocatedProblem[]
}

const MERGE_MARKER = /^(?:<{7}|\|{7}|={7}|>{7})(?: |\r?$)/m

/** Reads JSON without comments. */
export function readLocated(source: string): LocatedJson | { readonly problems: readonly LocatedProblem[] } {
  const text = source.replace(/^\ufeff/, '')
  const marker = text.search(MERGE_MARKER)
  if (marker >= 0) {
    const message = 'unresolved Git merge markers: resolve the conflict and commit the result'
    return { problems: [{ place: lineLocator(text)(marker), message }] }
  }
  const errors: ParseError[] = []
  try {
    // Not JSON.parse: Node 24 reads the key "\\u202e" as "\\" after an object of the same shape with that key.
    const value: unknown = parse(text, errors, { disallowComments: true })
    const [first] = errors
    if (first === undefined) return { text, value, badKeys: badKeysOf(text) }
    // Errors after the first are mostly its consequences.
    const message = SYNTAX_ERRORS[printParseErrorCode(first.error)] ?? 'not valid JSON'
    return { problems: [{ place: lineLocator(text)(first.offset), message }] }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { problems: [{ place: { line: 1, column: 1 }, message: 'is nested too deeply' }] }
  }
}

/** Locates the value at a path: for a member its key, for something missing the object that lacks it. */
export function locator({ text }: LocatedJson): (path: readonly PropertyKey[]) => LineLocation {
  const root = parseTree(text)
  const locate = lineLocator(text)
  return path => {
    for (let length = path.length; root !== undefined && length > 0; length--) {
      const steps = path.slice(0, length).map(step => (typeof step === 'number' ? step : String(step)))
      const node = findNodeAtLocation(root, steps)
      if (node !== undefined) return locate((length === path.length ? keyNode(node) : node).offset)
    }
    return locate(root?.offset ?? 0)
  }
}

/** The key of a member's value; any other value itself. */
function keyNode(node: Node): Node {
  return node.parent?.type === 'property' ? (node.parent.children?.[0] ?? node) : node
}

function badKeysOf(text: string): LocatedProblem[] {
  const problems: LocatedProblem[] = []
  const objects: Set<string>[] = []
  visit(text, {
    onObjectBegin: () => {
      objects.push(new Set())
    },
    onObjectEnd: () => {
      objects.pop()
    },
    onObjectProperty: (key, _offset, _length, line, column) => {
      const keys = objects.at(-1)
      const place = { line: line + 1, column: column + 1 }
      if (keys?.has(key)) problems.push({ place, message: `${key} appears twice in this object` })
      if (key === '__proto__') problems.push({ place, message: '__proto__ is not allowed as a key' })
      keys?.add(key)
    }
  })
  return problems
}

/** By the parser's code. */
const SYNTAX_ERRORS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'not a valid JSON value',
  InvalidNumberFormat: 'not a valid number',
  PropertyNameExpected: 'a key is missing, or there is an extra comma before this',
  ValueExpected: 'a value is missing, or there is an extra comma before this',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing before this',
  CloseBraceExpected: 'a closing brace is missing',
  CloseBracketExpected: 'a closing bracket is missing',
  EndOfFileExpected: 'nothing may follow the baseline',
  InvalidCommentToken: 'JSON has no comments: use the key note',
  UnexpectedEndOfComment: 'JSON has no comments: use the key note',
  UnexpectedEndOfString: 'a closing quote is missing',
  InvalidUnicode: 'not a valid \\u escape',
  InvalidEscapeCharacter: 'not a valid escape',
  InvalidCharacter: 'control characters must be escaped'
}
