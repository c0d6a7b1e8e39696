import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Reference {
  readonly shape: string
}

interface Shape {
  readonly type: string
  readonly required?: readonly string[]
  readonly members?: Readonly<Record<string, Reference>>
  readonly member?: Reference
  readonly key?: Reference
  readonly value?: Reference
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly error?: { readonly code: string }
}

interface Operation {
  readonly input: string | null
  readonly output: string | null
  readonly errors: readonly string[]
}

interface Model {
  readonly operations: Readonly<Record<string, Operation>>
  readonly shapes: Readonly<Record<string, Shape>>
}

const { services } = JSON.parse(readFileSync(join(import.meta.dirname, 'aws-models.json'), 'utf8')) as {
  services: Readonly<Record<'ssm' | 'sts', Model>>
}

/** What AWS's model of a service says against values: unknown and missing members, types, lengths, patterns, enums. */
export function awsModel(service: 'ssm' | 'sts') {
  const { operations, shapes } = services[service]

  function check(name: string, value: unknown, path: string): string[] {
    const shape = shapes[name]!
    const at = (reference: Reference | undefined, item: unknown, step: string) =>
      check(reference!.shape, item, `${path}${step}`)
    switch (shape.type) {
      case 'structure': {
        const members = shape.members ?? {}
        const given = Object.entries(Object(value)).filter(([, item]) => item !== undefined)
        const missing = (shape.required ?? []).filter(member => !given.some(([key]) => key === member))
        return [
          ...missing.map(member => `${path}.${member} is missing`),
          ...given.flatMap(([key, item]) =>
            members[key] === undefined ? [`${path}.${key} is unknown`] : at(members[key], item, `.${key}`)
          )
        ]
      }
      case 'list': {
        if (!Array.isArray(value)) return [`${path} is not a list`]
        return [
          ...sizeOf(shape, value.length, path),
          ...value.flatMap((item, index) => at(shape.member, item, `[${index}]`))
        ]
      }
      case 'map':
        return Object.entries(Object(value)).flatMap(([key, item]) => [
          ...at(shape.key, key, ' key'),
          ...at(shape.value, item, `.${key}`)
        ])
      case 'string': {
        if (typeof value !== 'string') return [`${path} is not a string`]
        const { pattern, enum: words } = shape
        return [
          ...sizeOf(shape, value.length, path),
          ...(pattern === undefined || patternOf(pattern).test(value) ? [] : [`${path} does not match`]),
          ...(words === undefined || words.includes(value) ? [] : [`${path} is not one of its words`])
        ]
      }
      case 'integer':
      case 'long':
        return Number.isInteger(value) ? sizeOf(shape, Number(value), path) : [`${path} is not an integer`]
      case 'boolean':
        return typeof value === 'boolean' ? [] : [`${path} is not a boolean`]
      case 'timestamp':
        return typeof value === 'number' || value instanceof Date ? [] : [`${path} is not a time`]
      default:
        return [`${path} has the type ${shape.type}, which is not checked`]
    }
  }

  const checkAs = (kind: 'input' | 'output') => (action: string, value: unknown) => {
    const name = operations[action]?.[kind]
    return name ? check(name, value, action) : [`${action} is not an action`]
  }
  return {
    problemsOfInput: checkAs('input'),
    problemsOfOutput: checkAs('output'),
    /** The codes of the errors that an action is modeled with. */
    errorsOf: (action: string): string[] =>
      (operations[action]?.errors ?? []).map(name => shapes[name]?.error?.code ?? name)
  }
}

function sizeOf({ min, max }: Shape, size: number, path: string): string[] {
  const isOutside = size < (min ?? size) || size > (max ?? size)
  return isOutside ? [`${path} has a size of ${size}, and ${min ?? 0} to ${max ?? '∞'} are allowed`] : []
}

/** A pattern of a model matches the whole text. */
const patternOf = (pattern: string) => new RegExp(`^(?:${pattern})$`, 'u')
