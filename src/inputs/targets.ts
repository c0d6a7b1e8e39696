/** Which hosts to ask: by id, or by filters that SSM resolves. */
export type Targets =
  | { readonly kind: 'hosts'; readonly hosts: readonly string[] }
  | {
      readonly kind: 'filters'
      readonly filters: readonly { readonly key: string; readonly values: readonly string[] }[]
    }

/** SSM's limits (SendCommand, API reference). */
const MAX_TARGET_KEYS = 5
const MAX_TARGET_VALUES = 50

const HOST = /^(i-([0-9a-f]{8}|[0-9a-f]{17})|mi-[0-9a-f]{17})$/

/**
 * Parses the `targets` input. Lines with the same key are a union, different keys are intersected, as SSM does.
 * Gives every problem, one sentence each.
 */
export function parseTargets(lines: readonly string[]): { targets: Targets } | { problems: string[] } {
  const problems: string[] = []
  const hosts = new Set<string>()
  const filters = new Map<string, Set<string>>()
  for (const line of lines) {
    if (HOST.test(line)) {
      hosts.add(line)
      continue
    }
    const filter = parseFilter(line)
    if ('problem' in filter) {
      problems.push(filter.problem)
      continue
    }
    const known = filters.get(filter.key) ?? new Set<string>()
    for (const value of filter.values) known.add(value)
    filters.set(filter.key, known)
  }
  if (hosts.size > 0 && filters.size > 0) {
    problems.push('host ids and groups cannot be mixed: SSM takes either ids or tags and groups')
  }
  if (filters.size > MAX_TARGET_KEYS)
    problems.push(`${filters.size} different keys are given, SSM allows ${MAX_TARGET_KEYS}`)
  for (const [key, values] of filters) {
    const most = key === 'resource-groups:Name' ? 1 : MAX_TARGET_VALUES
    if (values.size > most) problems.push(`${key} has ${values.size} values, SSM allows ${most}`)
  }
  if (problems.length > 0) return { problems }
  if (hosts.size > 0) return { targets: { kind: 'hosts', hosts: [...hosts] } }
  return {
    targets: { kind: 'filters', filters: [...filters].map(([key, values]) => ({ key, values: [...values] })) }
  }
}

function parseFilter(line: string): { key: string; values: string[] } | { problem: string } {
  const problem = (why: string) => ({ problem: `"${line.slice(0, 100)}" ${why}` })
  if (/^m?i-/.test(line)) return problem('is no host id: an id is i- and 8 or 17 hex digits, or mi- and 17')
  const colon = line.indexOf(':')
  const rest = line.slice(colon + 1)
  switch (colon < 0 ? '' : line.slice(0, colon)) {
    case 'tag': {
      const equals = rest.indexOf('=')
      if (equals < 1) return problem('has no key and value: write tag:Key=Value')
      const values = splitValues(rest.slice(equals + 1))
      if (values.includes('')) return problem('has an empty value: write tag:Key=Value[,Value]')
      return { key: `tag:${rest.slice(0, equals)}`, values }
    }
    case 'asg':
      return rest === ''
        ? problem('names no group: write asg:NAME')
        : { key: 'tag:aws:autoscaling:groupName', values: [rest] }
    case 'resource-group':
      return rest === ''
        ? problem('names no group: write resource-group:NAME')
        : { key: 'resource-groups:Name', values: [rest] }
    default:
      return problem('is no target: write i-…, mi-…, tag:Key=Value, asg:NAME or resource-group:NAME')
  }
}

/** Splits at commas; `\,` is a comma inside a value. */
function splitValues(text: string): string[] {
  return text.split(/(?<!\\),/).map(value => value.replaceAll('\\,', ',').trim())
}
