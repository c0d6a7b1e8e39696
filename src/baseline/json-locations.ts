import {
  findNodeAtLocation,
  type Node,
  type ParseError,
  parse,
  parseTree,
  printParseErrorCode,
  visit
} from 'jsonc-parser'

/** Counted from 1, as editors do; a column is a UTF-16 unit. */
export interface JsonLocation {
  readonly line: number
  readonly column: number
}

export interface Problem {
  readonly place: JsonLocation
  readonly message: string
}

/** JSON text that was read, and what is needed to say where in it something stands. */
export interface Located {
  readonly text: string
  readonly value: unknown
  /** Keys that stand twice in one object: JSON keeps the last and says nothing. */
  readonly repeated: readonly Problem[]
}

const MERGE_MARKER = /^(?:<{7}|\|{7}|={7}|>{7})(?: |\r?$)/m

/** Reads JSON, without comments. */
export function readLocated(source: string): Located | { readonly problems: readonly Problem[] } {
  const text = source.replace(/^\ufeff/, '')
  const marker = text.search(MERGE_MARKER)
  if (marker >= 0) {
    const message = "here are Git's merge markers: resolve the conflict and commit the result"
    return { problems: [{ place: placeOf(text, marker), message }] }
  }
  const errors: ParseError[] = []
  try {
    // Not JSON.parse: that of Node 24 reads the key "\\u202e" as "\\" after an object of the same shape with that key.
    const value: unknown = parse(text, errors, { disallowComments: true })
    const [first] = errors
    if (first === undefined) return { text, value, repeated: repeatedKeys(text) }
    // What follows the first error is mostly its echo.
    const message = SYNTAX[printParseErrorCode(first.error)] ?? 'this is no JSON'
    return { problems: [{ place: placeOf(text, first.offset), message }] }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { problems: [{ place: { line: 1, column: 1 }, message: 'is nested too deeply' }] }
  }
}

/** Tells where the value at a path stands: of a key its name; of what is missing the object that lacks it. */
export function locator({ text }: Located): (path: readonly PropertyKey[]) => JsonLocation {
  const root = parseTree(text)
  return path => {
    for (let length = path.length; root !== undefined && length > 0; length--) {
      const steps = path.slice(0, length).map(step => (typeof step === 'number' ? step : String(step)))
      const node = findNodeAtLocation(root, steps)
      if (node !== undefined) return placeOf(text, (length === path.length ? keyOf(node) : node).offset)
    }
    return placeOf(text, root?.offset ?? 0)
  }
}

/** The name of a property stands before its value. */
function keyOf(node: Node): Node {
  return node.parent?.type === 'property' ? (node.parent.children?.[0] ?? node) : node
}

function placeOf(text: string, offset: number): JsonLocation {
  const before = text.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - start + 1 }
}

function repeatedKeys(text: string): Problem[] {
  const problems: Problem[] = []
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
      if (keys?.has(key)) problems.push({ place, message: `${key} stands twice in this object` })
      if (key === '__proto__')
        problems.push({ place, message: '__proto__ is no name of anything in a baseline' })
      keys?.add(key)
    }
  })
  return problems
}

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no JSON value',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'the name of a key is missing, or the comma before is one too many',
  ValueExpected: 'a value is missing, or the comma before is one too many',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing before this',
  CloseBraceExpected: 'a closing brace is missing',
  CloseBracketExpected: 'a closing bracket is missing',
  EndOfFileExpected: 'nothing may follow the baseline',
  InvalidCommentToken: 'a comment stands here, and JSON has none; use note',
  UnexpectedEndOfComment: 'a comment stands here, and JSON has none; use note',
  UnexpectedEndOfString: 'a closing quote is missing',
  InvalidUnicode: 'this is no \\u escape',
  InvalidEscapeCharacter: 'this is no escape that JSON has',
  InvalidCharacter: 'a control character must be escaped'
}
