import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { DOCS, readAction, withTables } from '../../scripts/readme.ts'
import { parseBaseline } from '../../src/baseline/baseline.ts'
import { PARAMETERS } from '../../src/collect/script/document.ts'
import { InputError, parseInputs } from '../../src/inputs/parse.ts'
import { bounded } from '../../src/normalize/placeholders.ts'
import { maskFixed } from '../../src/normalize/rules.ts'
import { readPackFile } from '../../src/osquery/parse-pack.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const files = (folder: string, end: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(end))
    .map(name => join(folder, name))
    .sort()

const docs = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...files('docs', '.md')]

/** The fenced blocks of a document in one language. */
const blocks = (path: string, language: string): string[] =>
  [...read(path).matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : []
  )

/** The anchors that GitHub gives to the headings of a document. */
const anchors = (path: string): string[] =>
  [...read(path).matchAll(/^#{1,6} (.+)$/gm)].map(heading =>
    heading[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  )

test.each(DOCS)('the tables of %s are up to date (npm run readme)', async path => {
  expect(await withTables(read(path))).toBe(read(path))
})

test('inputs, outputs and every built-in pack have a table', () => {
  expect(read('README.md')).toMatch(/<!-- inputs -->[\s\S]*<!-- \/inputs -->[\s\S]*<!-- outputs -->/)
  for (const name of ['linux', 'incident', 'macos', 'windows'])
    expect(read('docs/packs.md')).toContain(`<!-- pack ${name} -->\n| query |`)
})

describe.each(docs)('%s', path => {
  test('has no dead links', () => {
    const dead = [...read(path).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].filter(link => {
      const target = link[1] === '' ? path : join(dirname(path), link[1]!)
      if (!existsSync(join(ROOT, target))) return true
      return link[2] !== undefined && target.endsWith('.md') && !anchors(target).includes(link[2])
    })
    expect(dead.map(link => link[0])).toEqual([])
  })

  test('names only scripts that exist', () => {
    const scripts = [...read(path).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(match => match[1]!)
    for (const script of scripts) expect(Object.keys(manifest.scripts)).toContain(script)
  })

  test('has valid JSON', () => {
    for (const block of blocks(path, 'json')) expect(() => JSON.parse(block)).not.toThrow()
  })
})

describe('errors that the documents explain', () => {
  /** The sources, in which a text that is concatenated over several lines is one. */
  const source = files('src', '.ts')
    .map(read)
    .join('\n')
    .replace(/(['`])\s*\+\s*['`]/g, '')
    .replaceAll("\\'", "'")
  const explained = ['README.md', 'docs/credentials.md'].flatMap(path => {
    const table = /<!-- errors -->([\s\S]*)<!-- \/errors -->/.exec(read(path))?.[1] ?? ''
    return [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(row => [path, row[1]!] as const)
  })

  test('are found in the documents', () => {
    expect(explained.length).toBeGreaterThan(25)
  })

  test.each(explained)('%s: "%s" is in the code', (_path, text) => {
    for (const piece of text.split('…').map(part => part.replace(/(: |:)\w+: $/, '$1').trim())) {
      expect({ piece, found: source.includes(piece) }).toEqual({ piece, found: true })
    }
  })
})

describe('policies', () => {
  const policies = ['README.md', 'docs/credentials.md'].flatMap(path =>
    blocks(path, 'json')
      .filter(block => block.includes('"Statement"'))
      .map(block => [path, block] as const)
  )
  const text = policies.map(([, block]) => block).join()

  test('trust both forms of sub, and only one branch', () => {
    const trusted = policies.filter(([, block]) => block.includes('AssumeRoleWithWebIdentity'))
    expect(trusted).toHaveLength(2)
    for (const [, block] of trusted) {
      expect(JSON.parse(block).Statement[0].Condition.StringEquals).toEqual({
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub': [
          'repo:acme/infra:ref:refs/heads/main',
          'repo:acme@1234/infra@5678:ref:refs/heads/main'
        ]
      })
    }
  })

  test('allow exactly what the action calls', () => {
    const called = files('src/collect', '.ts').flatMap(path =>
      [...read(path).matchAll(/new (\w+)Command\(/g)].map(match => `ssm:${match[1]}`)
    )
    const allowed = [...text.matchAll(/"(ssm:[A-Z]\w+)"/g)].map(match => match[1]!)
    expect([...new Set(allowed)].sort()).toEqual([...new Set(called)].sort())
  })
})

describe('examples', () => {
  const declared = readAction().then(({ inputs }) => inputs)
  const steps = [
    ...docs.flatMap(path =>
      blocks(path, 'yaml').flatMap(block => parseAllDocuments(block).map(document => [path, document.toJS()]))
    ),
    ...[...files('examples', '.yml'), ...files('.github/workflows', '.yml')].map(path => [
      path,
      parse(read(path))
    ])
  ].flatMap(([path, value]) => usesIn(value).map(step => [path as string, step] as const))

  test('are found in the documents', () => {
    expect(steps.length).toBeGreaterThanOrEqual(5)
  })

  test.each(steps)('%s uses inputs that exist, with valid values', async (_path, step) => {
    const defaults = await declared
    for (const name of Object.keys(step)) expect(Object.keys(defaults)).toContain(name)
    const problems = problemsOf(name => {
      const value = String(step[name] ?? defaults[name]?.default ?? '')
      return value.includes('${{') ? 'i-0123456789abcdef0' : value
    })
    expect(problems).toEqual([])
  })

  test('inputs that are shown on their own are valid', async () => {
    const defaults = await declared
    const shown = docs
      .flatMap(path => blocks(path, 'yaml'))
      .map(block => parseAllDocuments(block)[0]?.toJS())
      .filter(value => Object.keys(value ?? {}).every(name => name in defaults))
    expect(shown.length).toBeGreaterThanOrEqual(2)
    for (const inputs of shown) {
      const given: Record<string, string> = {
        targets: 'tag:Service=checkout',
        'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift',
        ...inputs
      }
      expect(problemsOf(name => String(given[name] ?? ''))).toEqual([])
    }
  })

  test('the baseline of the README is valid', () => {
    const [baseline] = blocks('README.md', 'json').filter(block => block.includes('"required"'))
    expect(parseBaseline('README.md', baseline ?? '').name).toBe('checkout')
  })

  test('the pack of the docs is valid', async () => {
    const [pack] = blocks('docs/packs.md', 'json')
    expect(await readPackFile('docs', pack ?? '')).toMatchObject({
      queries: [{ identity: ['path', 'sha256'], changes: ['sha256'] }]
    })
  })

  test('the placeholders of the docs are those of the code', () => {
    const rows = [...read('docs/packs.md').matchAll(/^ +\| `([^`]+)` \| `([^`]+)` \|$/gm)]
    expect(rows.length).toBeGreaterThan(4)
    for (const [, raw, masked] of rows) expect(maskFixed(raw!, 'text')).toBe(masked)
    expect(bounded('<uuid>')).toBe('\\<uuid>')
  })

  test('the docs describe every parameter of the locked document', () => {
    const rows = [...read('docs/credentials.md').matchAll(/^\| (`\w+`(?:, `\w+`)*) \| .+ \| .+ \|$/gm)]
    const described = rows.flatMap(([, names = '']) => names.replaceAll('`', '').split(', '))
    expect(described).toEqual(expect.arrayContaining(Object.keys(PARAMETERS)))
  })
})

/** The inputs of the steps that use the action. A job with a matrix has those of its first combination. */
function usesIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const [first] = (value as { strategy?: { matrix?: { include?: Record<string, string>[] } } }).strategy
    ?.matrix?.include ?? [undefined]
  if (first !== undefined) {
    const { strategy: _, ...job } = value as { strategy: unknown }
    const filled = JSON.stringify(job).replace(
      /\$\{\{ matrix\.(\w+) \}\}/g,
      (_, name: string) => first[name] ?? ''
    )
    return usesIn(JSON.parse(filled))
  }
  const step = value as { uses?: unknown; with?: Record<string, unknown> }
  const own = typeof step.uses === 'string' && /^(fleet-drift\/fleet-drift@|\.\/$)/.test(step.uses)
  return [...(own && step.with !== undefined ? [step.with] : []), ...Object.values(value).flatMap(usesIn)]
}

function problemsOf(values: (name: string) => string): readonly string[] {
  try {
    parseInputs(values, { region: 'eu-west-1', runId: '1', temp: '/tmp' })
    return []
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
}
