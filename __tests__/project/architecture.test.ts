import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

/** The files and folders of src in the order of the data: each imports only those before it. */
const STAGES = [
  'lib',
  'text',
  'clock.ts',
  'log.ts',
  'ports.ts',
  'github',
  'osquery',
  'snapshot',
  'inputs',
  'indicators',
  'aws',
  'collect',
  'normalize',
  'baseline',
  'analyze',
  'review',
  'assess.ts',
  'learn',
  'report',
  'memory',
  'publish',
  'modes',
  'execute.ts',
  'run.ts',
  'cli',
  'cli.ts',
  'index.ts'
]

const SRC = fileURLToPath(new URL('../../src', import.meta.url))

/** What each file of src imports from src, types included. */
const imports = new Map(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => {
      const text = readFileSync(join(SRC, path), 'utf8')
      const specifiers = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)]
      const targets = specifiers.map(([, specifier = '']) => posix.join(dirname(path), specifier))
      return [path, targets.filter(target => !target.startsWith('..'))] as const
    })
)

const stageOf = (path: string) => path.split('/')[0] ?? ''

/** Groups of files: which other groups each imports. Files for which `groupOf` is `null` are left out. */
function arrows(groupOf: (path: string) => string | null): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [path, targets] of imports) {
    const from = groupOf(path)
    if (from === null) continue
    const group = found.get(from) ?? new Set()
    found.set(from, group)
    for (const target of targets) {
      const to = groupOf(target)
      if (to !== null && to !== from) group.add(to)
    }
  }
  return found
}

/** One circle of a graph, first name repeated at the end; empty if there is none. */
function circle(graph: ReadonlyMap<string, Iterable<string>>): string[] {
  const finished = new Set<string>()
  const visit = (node: string, path: readonly string[]): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (finished.has(node)) return []
    for (const next of graph.get(node) ?? []) {
      const found = visit(next, [...path, node])
      if (found.length > 0) return found
    }
    finished.add(node)
    return []
  }
  for (const node of graph.keys()) {
    const found = visit(node, [])
    if (found.length > 0) return found
  }
  return []
}

test('every file and folder of src is a stage', () => {
  expect(readdirSync(SRC).sort()).toEqual([...STAGES].sort())
})

test('a stage imports only earlier stages', () => {
  const graph = arrows(stageOf)
  const printed = STAGES.map(
    stage => `${stage} -> ${STAGES.filter(to => graph.get(stage)?.has(to)).join(', ')}`
  )
  process.stdout.write(`${printed.join('\n')}\n`)
  const backward = [...imports].flatMap(([path, targets]) =>
    targets
      .filter(target => STAGES.indexOf(stageOf(target)) > STAGES.indexOf(stageOf(path)))
      .map(target => `${path} -> ${target}`)
  )
  expect(backward).toEqual([])
})

test('no files import each other in a circle', () => {
  expect(circle(imports)).toEqual([])
})

test('no folders of one stage import each other in a circle', () => {
  const folders = arrows(path => (path.split('/').length > 2 ? dirname(path) : null))
  for (const [from, targets] of folders)
    for (const to of targets) if (stageOf(to) !== stageOf(from)) targets.delete(to)
  expect(circle(folders)).toEqual([])
})

test('a circle is found', () => {
  expect(
    circle(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']]
      ])
    )
  ).toEqual(['b', 'c', 'b'])
})

/** The first cells of the table under a heading of docs/architecture.md. */
function firstCells(heading: string): string[] {
  const text = readFileSync(join(SRC, '../docs/architecture.md'), 'utf8')
  const section = text.split(/^## /m).find(part => part.startsWith(heading)) ?? ''
  return [...section.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell = '']) => cell.trim()).slice(2)
}

test('the documentation describes every stage, in their order', () => {
  expect(firstCells('Folders').flatMap(cell => cell.match(/[\w.]+/g) ?? [])).toEqual(STAGES)
})

test('the glossary has at most 30 terms, in alphabetical order', () => {
  const terms = firstCells('Glossary')
  expect(terms.length).toBeGreaterThan(20)
  expect(terms.length).toBeLessThanOrEqual(30)
  expect(terms).toEqual([...new Set(terms)].sort())
})
