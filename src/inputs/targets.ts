/** The hosts to query: by ID, or by filters that SSM resolves. */
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
 * Parses the `targets` input. As in SSM, lines with the same key are a union, and different keys are intersected.
 * Returns every problem, one sentence each.
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
    const union = filters.get(filter.key) ?? new Set<string>()
    for (const value of filter.values) union.add(value)
    filters.set(filter.key, union)
  }
  if (hosts.size > 0 && filters.size > 0) {
    problems.push('host IDs and groups cannot be mixed: SSM takes either IDs, or tags and groups')
  }
  if (filters.size > MAX_TARGET_KEYS)
    problems.push(`${filters.size} different keys are given; SSM allows ${MAX_TARGET_KEYS}`)
  for (const [key, values] of filters) {
    const max = key === 'resource-groups:Name' ? 1 : MAX_TARGET_VALUES
    if (values.size > max) problems.push(`${key} has ${values.size} values; SSM allows ${max}`)
  }
  if (problems.length > 0) return { problems }
  if (hosts.size > 0) return { targets: { kind: 'hosts', hosts: [...hosts] } }
  return {
    targets: { kind: 'filters', filters: [...filters].map(([key, values]) => ({ key, values: [...values] })) }
  }
}

function parseFilter(line: string): { key: string; values: string[] } | { problem: string } {
  const problem = (reason: string) => ({ problem: `"${line.slice(0, 100)}" ${reason}` })
  if (/^m?i-/.test(line))
    return problem('is not a host ID: an ID is i- and 8 or 17 hex digits, or mi- and 17')
  const colon = line.indexOf(':')
  const value = line.slice(colon + 1)
  switch (colon < 0 ? '' : line.slice(0, colon)) {
    case 'tag': {
      const equals = value.indexOf('=')
      if (equals < 1) return problem('has no key and value: write tag:Key=Value')
      const values = splitValues(value.slice(equals + 1))
      if (values.includes('')) return problem('has an empty value: write tag:Key=Value[,Value]')
      return { key: `tag:${value.slice(0, equals)}`, values }
    }
    case 'asg':
      return value === ''
        ? problem('names no group: write asg:NAME')
        : { key: 'tag:aws:autoscaling:groupName', values: [value] }
    case 'resource-group':
      return value === ''
        ? problem('names no group: write resource-group:NAME')
        : { key: 'resource-groups:Name', values: [value] }
    default:
      return problem('is not a target: write i-…, mi-…, tag:Key=Value, asg:NAME or resource-group:NAME')
  }
}

/** Splits at commas; `\,` is a comma inside a value. */
function splitValues(text: string): string[] {
  return text.split(/(?<!\\),/).map(value => value.replaceAll('\\,', ',').trim())
}
