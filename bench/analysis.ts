/**
 * Time and memory from a snapshot to its findings, beside JSON.parse of the same lines.
 * `npm run bench:analysis` for 1,000 and 10,000 hosts; with `-- --large` also for 100,000.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { markdownTable } from 'markdown-table'
import { assess } from '../src/assess.ts'
import { readLines } from '../src/snapshot/lines.ts'
import { readSnapshot } from '../src/snapshot/read.ts'
import { benchQueries, ROWS, writeFleet } from './analysis-fleet.ts'

const SEED = 20260101
/** Every figure is the best of this many runs, each in its own process. Parsing and analysis take turns. */
const RUNS = 3

interface Measured {
  /** Wall time in milliseconds. */
  readonly total: number
  /** The part of it between the last row and the second read, for the evidence. */
  readonly analysis: number
  /** CPU milliseconds of the main thread, which a busy machine does not change. Unpacking runs in another thread. */
  readonly thread: number
  readonly rssMegabytes: number
  readonly findings: number
}

/** Lines parsed between two readings of the clock: a thread's clock is too coarse for one line. */
const BATCH_LINES = 500

/** Times JSON.parse of every line, and nothing else. */
async function measureParse(path: string): Promise<Measured> {
  let total = 0
  let thread = 0
  let texts: string[] = []
  const parse = () => {
    const started = performance.now()
    const before = threadTime()
    for (const text of texts) JSON.parse(text)
    total += performance.now() - started
    thread += threadTime() - before
    texts = []
  }
  for await (const line of readLines(path)) {
    texts.push(line.toString())
    if (texts.length === BATCH_LINES) parse()
  }
  parse()
  return { total, analysis: 0, thread, rssMegabytes: peak(), findings: 0 }
}

async function measureAssess(path: string): Promise<Measured> {
  const started = performance.now()
  const before = threadTime()
  let read = 0
  let analyzed = 0
  const question = { queries: benchQueries(), baseline: null, indicators: [], today: '2026-01-02' }
  const { findings } = await assess(question, async function* () {
    if (read > 0) analyzed = performance.now()
    yield* (await readSnapshot(path)).hosts
    if (read === 0) read = performance.now()
  })
  const finished = performance.now()
  return {
    total: finished - started,
    analysis: (analyzed > 0 ? analyzed : finished) - read,
    thread: threadTime() - before,
    rssMegabytes: peak(),
    findings: findings.length
  }
}

const peak = (): number => process.resourceUsage().maxRSS / 1024

function threadTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const TASKS = { parse: measureParse, assess: measureAssess } as const

const run = promisify(execFile)

async function inChild(task: keyof typeof TASKS, path: string): Promise<Measured> {
  const script = fileURLToPath(import.meta.url)
  const { stdout } = await run(process.execPath, [script, '--child', task, path])
  return JSON.parse(stdout)
}

async function measure(hosts: number, folder: string) {
  const path = join(folder, `${hosts}.ndjson.gz`)
  await writeFleet(path, hosts, SEED)
  const parses: Measured[] = []
  const assessments: Measured[] = []
  for (let turn = 0; turn < RUNS; turn++) {
    parses.push(await inChild('parse', path))
    assessments.push(await inChild('assess', path))
  }
  await rm(path)
  const best = (of: readonly Measured[], figure: keyof Measured) => Math.min(...of.map(one => one[figure]))
  return {
    hosts,
    parse: best(parses, 'total'),
    total: best(assessments, 'total'),
    analysis: best(assessments, 'analysis'),
    parseThread: best(parses, 'thread'),
    thread: best(assessments, 'thread'),
    rss: Math.max(...assessments.map(one => one.rssMegabytes)),
    findings: best(assessments, 'findings')
  }
}

async function main(sizes: readonly number[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-drift-bench-'))
  try {
    const rows: string[][] = []
    let smaller: number | null = null
    for (const size of sizes) {
      const measured = await measure(size, folder)
      rows.push([
        measured.hosts.toLocaleString('en'),
        seconds(measured.parse),
        `${seconds(measured.total)}${goal(size, ' (goal ≤ 8 s)', '')}`,
        `${(measured.total / measured.parse).toFixed(2)} (goal ≤ 1.5, then ≤ 1.0)`,
        (measured.thread / measured.parseThread).toFixed(2),
        `${seconds(measured.analysis)}${goal(size, ' (goal ≤ 4 s)', ' (goal ≤ 40 s)')}`,
        smaller === null ? '' : `${(measured.total / smaller).toFixed(1)} × (goal ≤ 11 ×)`,
        `${measured.rss.toFixed(0)} MB${goal(size, ' (goal ≤ 400 MB)', ' (goal ≤ 1,500 MB)')}`,
        String(measured.findings)
      ])
      smaller = measured.total
    }
    process.stdout.write(`${ROWS} rows per host, the best of ${RUNS} runs, Node ${process.version}\n\n`)
    const head = [
      'hosts',
      'JSON.parse',
      'total',
      'over JSON.parse',
      'by thread time',
      'analysis',
      'growth',
      'peak RSS',
      'findings'
    ]
    process.stdout.write(`${markdownTable([head, ...rows], { align: 'r' })}\n`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`

const goal = (hosts: number, at10k: string, at100k: string): string =>
  hosts === 10_000 ? at10k : hosts === 100_000 ? at100k : ''

const [flag, task, path] = process.argv.slice(2)
if (flag === '--child' && path !== undefined && (task === 'parse' || task === 'assess')) {
  process.stdout.write(JSON.stringify(await TASKS[task](path)))
} else {
  await main(flag === '--large' ? [1_000, 10_000, 100_000] : [1_000, 10_000])
}
