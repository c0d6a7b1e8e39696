import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { checkHostile, hostileReport } from '../__tests__/support/channels.ts'

/**
 * Sends hostile reports through every channel until the time is up, or until a text of a host takes effect in one:
 * `npm run fuzz -- --seconds 600`.
 */
const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } }
})

let reports = 0
const result = fc.check(
  fc.property(hostileReport, report => {
    reports++
    checkHostile(report)
  }),
  {
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: Number(options.seconds) * 1_000,
    ...(options.seed === undefined ? {} : { seed: Number(options.seed) })
  }
)
console.log(`${reports} reports, seed ${result.seed}`)
if (result.failed) {
  console.error(fc.defaultReportMessage(result))
  process.exitCode = 1
}
