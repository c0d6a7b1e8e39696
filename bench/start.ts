import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * How long the bundle takes to start: the action with invalid input, which it rejects before any call, beside an empty
 * script. They take turns, so that the comparison holds when the speed of the machine changes. Prints medians.
 */
const RUNS = 15
const bundle = fileURLToPath(new URL('../dist/index.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'start-'))
const empty = join(folder, 'empty.mjs')
writeFileSync(empty, '')

function millisecondsOf(script: string): number {
  const started = performance.now()
  spawnSync(process.execPath, [script], { env: { INPUT_MODE: 'no such mode' }, cwd: folder })
  return performance.now() - started
}

const pairs = Array.from(
  { length: RUNS + 1 },
  () => [millisecondsOf(bundle), millisecondsOf(empty)] as const
).slice(1)
const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const [action, nothing] = [median(pairs.map(pair => pair[0])), median(pairs.map(pair => pair[1]))]
const more = median(pairs.map(([one, other]) => one - other))
rmSync(folder, { recursive: true })

console.log(`bundle  ${(statSync(bundle).size / 1e6).toFixed(2)} MB (goal: at most 4)`)
console.log(
  `start   ${action.toFixed(0)} ms, an empty script ${nothing.toFixed(0)} ms: difference ${more.toFixed(0)} ms (goal: at most 150)`
)
