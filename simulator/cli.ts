import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { makeFleet } from './fleet/fleet.ts'
import type { SimulatedFleet } from './fleet/host.ts'
import { runAction } from './runner.ts'
import { type SimulatorServer, startServer } from './server/server.ts'
import { judgeRun } from './verdict.ts'

const USAGE = `npm run demo -- [--seed N] [--hosts N] [--scenario sick|healthy|garbage] [--serve]

Runs the action against a simulated fleet and checks what it finds.

  --seed N      another fleet of the same kind (default: 1)
  --hosts N     how many hosts (default: 64)
  --scenario    sick: four attacks; healthy: none; garbage: as sick, and a host that answers garbage (default: sick)
  --serve       only serve the fleet, and print the variables that lead to it`

const options = parseOptions()

const fleet = chosenFleet()
const server = await startServer(fleet)
if (options.serve) serve(server)
else process.exitCode = (await demonstrate(fleet, server)) ? 0 : 1

/** Runs or serves, as the options say; a wrong option ends the process with its usage. */
function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        hosts: { type: 'string', default: '64' },
        scenario: { type: 'string', default: 'sick' },
        serve: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false }
      }
    })
    if (!values.help) return values
    console.log(USAGE)
    process.exit(0)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exit(2)
  }
}

/** The fleet that the options ask for; a wrong option ends the process with one line. */
function chosenFleet(): SimulatedFleet {
  const scenario = z.enum(['sick', 'healthy', 'garbage']).safeParse(options.scenario).data
  try {
    if (scenario === undefined) throw new Error('--scenario must be sick, healthy or garbage.')
    return makeFleet({ seed: wholeNumber('seed'), hostCount: wholeNumber('hosts'), scenario })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}

function wholeNumber(name: 'seed' | 'hosts'): number {
  if (!/^\d{1,6}$/.test(options[name])) throw new Error(`--${name} must be a whole number.`)
  return Number(options[name])
}

function serve(server: SimulatorServer): void {
  for (const [name, value] of Object.entries(server.env())) console.log(`${name}=${value}`)
  console.error('The simulated fleet is running. Press Ctrl-C to stop it.')
}

/** Runs the action and prints what happens. Returns whether its findings are correct. */
async function demonstrate(fleet: SimulatedFleet, server: SimulatorServer): Promise<boolean> {
  const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.demo')
  await rm(folder, { recursive: true, force: true })
  console.log(
    `A simulated fleet of ${fleet.hosts.length} hosts. The action runs as it does on GitHub, against local services.\n`
  )
  const result = await runAction({
    inputs: {
      'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift',
      'aws-region': 'eu-west-1',
      targets: 'tag:Service=checkout',
      name: 'checkout',
      'expected-hosts': String(fleet.hosts.length)
    },
    env: server.env(),
    event: { name: 'schedule', payload: { repository: { full_name: 'acme/infra', private: true } } },
    folder,
    onLog: text => process.stdout.write(asShownOnGitHub(text))
  })
  await server.close()
  const { lines, isCorrect } = await judgeRun(fleet, result.outputs['report-json'])
  console.log(`\n${lines.join('\n')}`)
  const seconds = (result.milliseconds / 1000).toFixed(1)
  console.log(
    `\nThe action exited with code ${result.code} after ${seconds} s and ${server.calls.length} API calls. ` +
      `Its findings are ${isCorrect ? 'correct' : 'WRONG'}.`
  )
  console.log(`job summary      ${join(folder, 'summary.md')}`)
  for (const name of ['report-html', 'report-markdown', 'report-json', 'snapshot'])
    console.log(`${name.padEnd(16)} ${result.outputs[name] ?? '-'}`)
  return isCorrect
}

/** The log as GitHub shows it: without commands to the runner, and without annotations of files. */
function asShownOnGitHub(text: string): string {
  return text
    .split('\n')
    .filter(line => !/^::(?:add-mask|debug|endgroup|warning [^:]*title=)/.test(line))
    .map(line =>
      line
        .replace(/^::group::/, '▸ ')
        .replace(/^::(error|warning|notice)[^:]*::/, (_, level: string) => `${level}: `)
    )
    .join('\n')
}
