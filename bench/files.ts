/**
 * Time and memory of reading osqueryd's result logs, beside reading and JSON.parse of the same lines, and of a search for
 * 10,000 indicators. `npm run bench:files` for 100,000 and 1,000,000 lines; with `-- --large` also for 4,000,000.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { markdownTable } from 'markdown-table'
import { systemClock } from '../src/clock.ts'
import { openFiles } from '../src/collect/files.ts'
import { compileIndicators } from '../src/indicators/matcher.ts'
import { readIndicators } from '../src/indicators/read.ts'
import { parseInputs } from '../src/inputs/parse.ts'
import type { Log } from '../src/log.ts'
import { unknownQuery } from '../src/osquery/pack.ts'

/** Every figure is the best of this many runs, each in its own process. Parsing and reading take turns. */
const RUNS = 3
const HOSTS = 200
const QUERIES = 10
/** Rows that a query has at any time, however long its log is. */
const PRESENT_ROWS = 50
const INDICATORS = 10_000
const SEARCHED_HOSTS = 1_000
const ROWS_PER_HOST = 500

interface Measured {
  /** Wall time in milliseconds. */
  readonly total: number
  /** CPU milliseconds of the main thread, which a busy machine does not change. */
  readonly thread: number
  readonly rssMegabytes: number
  /** Rows or lines, to see that both did their work. */
  readonly count: number
}

/** Writes a log in event format: each step removes the oldest row of a query on a host and adds a new one. */
async function writeLog(path: string, lines: number): Promise<void> {
  const file = createWriteStream(path, { highWaterMark: 1 << 20 })
  const written = finished(file)
  const line = (host: number, query: number, row: number, step: number, action: string) => {
    const columns = {
      cmdline: `/usr/lib/service-${row} --config /etc/service/${row}.conf --worker ${host % 10 === 0 ? host : 1}`,
      path: `/usr/lib/service-${row}`,
      pid: String(1_000 + row),
      uid: String(row % 7)
    }
    return `${JSON.stringify({
      name: `pack_linux_query_${query}`,
      hostIdentifier: `ip-10-0-${host >> 8}-${host & 255}`,
      calendarTime: 'Sun Nov 29 08:00:00 2026 UTC',
      unixTime: 1_795_939_200 + step * 60,
      epoch: 0,
      counter: step,
      numerics: false,
      decorations: { host_uuid: `4c4c4544-0051-${String(host).padStart(12, '0')}` },
      columns,
      action
    })}\n`
  }
  let count = 0
  for (let step = 0; count < lines; step++) {
    for (let set = 0; set < HOSTS * QUERIES && count < lines; set++) {
      const [host, query] = [set % HOSTS, Math.floor(set / HOSTS)]
      const text =
        step < PRESENT_ROWS
          ? line(host, query, step, step, 'added')
          : line(host, query, step - PRESENT_ROWS, step, 'removed') + line(host, query, step, step, 'added')
      count += step < PRESENT_ROWS ? 1 : 2
      if (!file.write(text)) await once(file, 'drain')
    }
  }
  file.end()
  await written
}

const peak = (): number => process.resourceUsage().maxRSS / 1024

async function measured(work: () => Promise<number>): Promise<Measured> {
  const started = performance.now()
  const before = process.threadCpuUsage()
  const count = await work()
  const { user, system } = process.threadCpuUsage(before)
  return { total: performance.now() - started, thread: (user + system) / 1_000, rssMegabytes: peak(), count }
}

/** Reads the lines and parses each. */
async function parseLines(path: string): Promise<number> {
  let count = 0
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY
  })) {
    JSON.parse(line)
    count++
  }
  return count
}

const ignore = () => undefined
const silentLog: Log = {
  info: ignore,
  debug: ignore,
  warning: ignore,
  error: ignore,
  group: (_, work) => work()
}

/** Reads the log as a run does. Returns the rows that the hosts have in the end. */
async function collect(path: string): Promise<number> {
  const values: Readonly<Record<string, string>> = { collector: 'files', files: path }
  const inputs = parseInputs(name => values[name] ?? '', {
    region: undefined,
    runId: undefined,
    temp: tmpdir()
  })
  const request = {
    inputs,
    packs: [],
    queries: [],
    comment: '',
    workspace: '/',
    startedAt: '2026-11-29T09:00:00Z'
  }
  const { hosts } = await openFiles(request, {
    connect: () => Promise.reject(new Error('files need no AWS')),
    env: {},
    log: silentLog,
    clock: systemClock,
    signal: new AbortController().signal
  })
  let rows = 0
  for await (const { queries } of hosts)
    for (const { rows: some } of Object.values(queries)) rows += some.length
  return rows
}

/** Searches the rows of a fleet, most of which hosts share, for indicators of all kinds. Returns how often one was found. */
async function search(): Promise<number> {
  const digest = (at: number) => at.toString(16).padStart(64, '0')
  const kinds = [
    digest,
    (at: number) => `11.${at >> 8}.${at & 255}.1`,
    (at: number) => `evil-${at}.example`,
    (at: number) => `/opt/evil-${at}/run`
  ]
  const lines = Array.from({ length: INDICATORS }, (_, at) => kinds[at % kinds.length]?.(at) ?? '')
  const indicators = await readIndicators([...lines, '/xmrig-[0-9]+\\.[0-9]+/'].join('\n'), () =>
    Promise.reject(new Error('no file'))
  )
  const matches = compileIndicators(indicators)
  const query = unknownQuery('programs')
  let found = 0
  for (let host = 0; host < SEARCHED_HOSTS; host++) {
    for (let row = 0; row < ROWS_PER_HOST; row++) {
      const isOwn = row % 20 === 0
      const name = isOwn ? `${host}-${row}` : String(row)
      found += matches(query, {
        path: `/usr/lib/service-${name}`,
        cmdline: `/usr/lib/service-${name} --listen 10.0.${host & 255}.${row & 255} --peer node-${name}.internal.example`,
        sha256: digest(1_000_000 + row)
      }).length
    }
  }
  return found
}

const TASKS = { parse: parseLines, collect, search } as const
type Task = keyof typeof TASKS
const isTask = (name: string | undefined): name is Task => name !== undefined && name in TASKS

const run = promisify(execFile)

async function inChild(task: Task, path: string): Promise<Measured> {
  const { stdout } = await run(process.execPath, [fileURLToPath(import.meta.url), '--child', task, path])
  return JSON.parse(stdout)
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(2)} s`
const best = (of: readonly Measured[], figure: keyof Measured) => Math.min(...of.map(one => one[figure]))

async function main(sizes: readonly number[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-drift-bench-'))
  try {
    const rows: string[][] = []
    for (const size of sizes) {
      const path = join(folder, `${size}.log`)
      await writeLog(path, size)
      const parses: Measured[] = []
      const reads: Measured[] = []
      for (let turn = 0; turn < RUNS; turn++) {
        parses.push(await inChild('parse', path))
        reads.push(await inChild('collect', path))
      }
      await rm(path)
      rows.push([
        size.toLocaleString('en'),
        seconds(best(parses, 'total')),
        seconds(best(reads, 'total')),
        `${((100 * best(parses, 'total')) / best(reads, 'total')).toFixed(0)}% (goal ≥ 50%)`,
        `${((100 * best(parses, 'thread')) / best(reads, 'thread')).toFixed(0)}%`,
        `${Math.max(...reads.map(one => one.rssMegabytes)).toFixed(0)} MB`,
        best(reads, 'count').toLocaleString('en')
      ])
    }
    const head = [
      'lines',
      'read and JSON.parse',
      'collect',
      'speed',
      'by thread time',
      'peak RSS',
      'rows in the end'
    ]
    process.stdout.write(
      `${HOSTS} hosts with ${QUERIES} queries of ${PRESENT_ROWS} rows, the best of ${RUNS} runs, Node ${process.version}\n\n`
    )
    process.stdout.write(`${markdownTable([head, ...rows], { align: 'r' })}\n\n`)
    const { total } = await inChild('search', folder)
    process.stdout.write(
      `${INDICATORS.toLocaleString('en')} indicators in ${SEARCHED_HOSTS.toLocaleString('en')} hosts × ${ROWS_PER_HOST} rows: ${seconds(total)}\n`
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

const [flag, task, path] = process.argv.slice(2)
if (flag === '--child' && path !== undefined && isTask(task)) {
  process.stdout.write(JSON.stringify(await measured(() => TASKS[task](path))))
} else {
  await main(flag === '--large' ? [100_000, 1_000_000, 4_000_000] : [100_000, 1_000_000])
}
