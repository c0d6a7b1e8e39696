import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser'
import * as z from 'zod'
import { acceptanceId } from '../analyze/findings/acceptances.ts'
import { acceptanceSchema } from '../baseline/baseline.ts'
import { lineLocator } from '../text/line-locator.ts'
import type { Finding, FindingRow } from './report.ts'

/** A line of a file in the repository. */
export interface SourceLine {
  readonly path: string
  /** From 1. */
  readonly line: number
}

/** The lines to look at or edit for a finding: the line of its first row first, then those of its other rows. */
export type FindingLocator = (finding: Pick<Finding, 'id' | 'kind' | 'rows'>) => readonly SourceLine[]

/** The text of a file, with its path in the repository. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Lines of one finding. */
const MAX_LOCATIONS = 100

/**
 * Finds the line of the baseline that each finding is about: the row that is missing or changed, the acceptance that
 * expired, or the query to which a new row would be added. Without a baseline it is the first line of the workflow file.
 * Built once, in time linear in the baseline's text; a look-up is O(rows of the finding).
 *
 * @param workflow path of the workflow file; `null` if the run has none
 */
export function findingLocator(baseline: SourceFile | null, workflow: string | null): FindingLocator {
  if (baseline === null) {
    const lines = workflow === null ? [] : [{ path: workflow, line: 1 }]
    return () => lines
  }
  const { path, text } = baseline
  const { rows, queries, acceptances, first } = readLines(text)
  const lineOf = (row: FindingRow): number => {
    const columns = row.kind === 'changed' && row.expected !== null ? row.expected : row.row
    return rows.get(rowKey(row.query, Object.entries(columns))) ?? queries.get(row.query) ?? first
  }
  return ({ id, kind, rows }) => {
    const lines =
      kind === 'acceptance'
        ? [acceptances.get(id) ?? first]
        : rows.length === 0
          ? [1]
          : [...new Set(rows.map(lineOf))].slice(0, MAX_LOCATIONS)
    return lines.map(line => ({ path, line }))
  }
}

interface Lines {
  readonly rows: ReadonlyMap<string, number>
  readonly queries: ReadonlyMap<string, number>
  readonly acceptances: ReadonlyMap<string, number>
  /** Where a query would be added that the baseline does not have. */
  readonly first: number
}

const rowSchema = z.array(z.string())

function readLines(text: string): Lines {
  const locate = lineLocator(text)
  const lineAt = (offset: number) => locate(offset).line
  const root = parseTree(text)
  const rows = new Map<string, number>()
  const queries = new Map<string, number>()
  const nodeAt = (...path: string[]) => (root === undefined ? undefined : findNodeAtLocation(root, path))
  const roles = entries(nodeAt('roles')).map(([, role]) => findNodeAtLocation(role, ['queries']))
  for (const [name, query, offset] of [nodeAt('queries'), ...roles].flatMap(node => entries(node))) {
    if (!queries.has(name)) queries.set(name, lineAt(offset))
    const columns = rowSchema.safeParse(contentOf(findNodeAtLocation(query, ['columns']))).data ?? []
    for (const list of ['required', 'optional']) {
      for (const row of findNodeAtLocation(query, [list])?.children ?? []) {
        const values = rowSchema.safeParse(contentOf(row)).data ?? []
        const key = rowKey(
          name,
          values.map((value, index) => [columns[index] ?? '', value])
        )
        if (!rows.has(key)) rows.set(key, lineAt(row.offset))
      }
    }
  }
  const acceptances = new Map<string, number>()
  for (const node of nodeAt('accept')?.children ?? []) {
    const acceptance = acceptanceSchema.safeParse(contentOf(node))
    if (acceptance.success) acceptances.set(acceptanceId(acceptance.data), lineAt(node.offset))
  }
  const body = nodeAt('queries')
  return { rows, queries, acceptances, first: body === undefined ? 1 : lineAt(body.offset) }
}

/** The name, value and offset of each member of an object. */
function entries(node: Node | undefined): [string, Node, number][] {
  return (node?.type === 'object' ? (node.children ?? []) : []).flatMap(({ children, offset }) => {
    const [name, value] = children ?? []
    return name !== undefined && value !== undefined
      ? [[String(name.value), value, offset] as [string, Node, number]]
      : []
  })
}

/** The value of a node. Members of objects become own properties, even `__proto__`. */
function contentOf(node: Node | undefined): unknown {
  if (node?.type === 'array') return (node.children ?? []).map(contentOf)
  if (node?.type === 'object')
    return Object.fromEntries(entries(node).map(([name, value]) => [name, contentOf(value)]))
  return node?.value
}

function rowKey(query: string, columns: readonly (readonly [string, string])[]): string {
  return JSON.stringify([query, [...columns].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))])
}
