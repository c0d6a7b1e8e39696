import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { makeFleet } from './fleet/fleet.ts'
import type { SimulatedFleet } from './fleet/host.ts'
import { runAction } from './runner.ts'
import { startServer } from './server/server.ts'

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    hosts: { type: 'string', default: '64' },
    scenario: { type: 'string', default: 'sick' },
    serve: { type: 'boolean', default: false }
  }
})

const scenario = z.enum(['sick', 'healthy', 'garbage']).parse(options.scenario)
const fleet = makeFleet({ seed: Number(options.seed), hostCount: Number(options.hosts), scenario })
const server = await startServer(fleet)
const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.demo')
const inputs = {
  'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift',
  'aws-region': 'eu-west-1',
  targets: 'tag:Service=checkout',
  name: 'checkout',
  'expected-hosts': String(fleet.hosts.length)
}

if (options.serve) {
  for (const [name, value] of Object.entries(server.env())) console.log(`${name}=${value}`)
  console.error('The fleet is up. Stop it with Ctrl-C.')
} else {
  await rm(folder, { recursive: true, force: true })
  console.log(
    `An embedded fleet of ${fleet.hosts.length} hosts; the action runs as on GitHub, against loopback services.\n`
  )
  const payload = { repository: { full_name: 'acme/infra', private: true } }
  const result = await runAction({
    inputs,
    env: server.env(),
    event: { name: 'schedule', payload },
    folder,
    onLog: text => process.stdout.write(forPeople(text))
  })
  await server.close()
  const wrong = await compare(fleet, result.outputs['report-json'])
  const seconds = (result.milliseconds / 1000).toFixed(1)
  console.log(
    `\nThe action ended with exit code ${result.code} after ${seconds} s and ${server.calls.length} calls.`
  )
  console.log(`The job summary  ${join(folder, 'summary.md')}`)
  for (const name of ['report-html', 'report-markdown', 'report-json', 'snapshot'])
    console.log(`${name.padEnd(16)} ${result.outputs[name] ?? '-'}`)
  process.exitCode = wrong.length > 0 ? 1 : 0
}

/** The log as a person sees it on GitHub: commands to the runner are not shown, annotations of files stand elsewhere. */
function forPeople(text: string): string {
  return text
    .split('\n')
    .filter(line => !/^::(?:add-mask|debug|endgroup|warning [^:]*title=)/.test(line))
    .map(line =>
      line
        .replace(/^::group::/, '▸ ')
        .replace(/^::(error|warning|notice)[^:]*::/, (_, kind: string) => `${kind}: `)
    )
    .join('\n')
}

/** Compares what was found with what was planted, and prints it. Returns what is wrong. */
async function compare({ hosts, compromises }: SimulatedFleet, path: string | undefined): Promise<string[]> {
  const { readFile } = await import('node:fs/promises')
  const schema = z.object({
    hosts: z.array(z.object({ id: z.string(), status: z.string(), reason: z.string().nullable() })),
    findings: z.array(z.object({ kind: z.string(), severity: z.string(), hosts: z.array(z.string()) }))
  })
  const report = schema.parse(
    path === undefined ? { hosts: [], findings: [] } : JSON.parse(await readFile(path, 'utf8'))
  )
  const loud = report.findings.filter(
    finding => finding.kind === 'deviation' && ['critical', 'high'].includes(finding.severity)
  )
  const wrong: string[] = []
  console.log('\nPlanted, and found:')
  for (const plant of compromises) {
    const found = loud.find(finding => finding.hosts.join() === plant.hosts.join())
    if (found === undefined) wrong.push(plant.name)
    console.log(
      `  ${found === undefined ? '✗ MISSED' : `✓ ${found.severity}`.padEnd(8)}  ${plant.name.padEnd(17)} ${plant.hosts.join(' ')}\n            ${plant.description}`
    )
  }
  if (compromises.length === 0) console.log('  nothing was planted')
  const guilty = new Set(compromises.flatMap(plant => plant.hosts))
  const accused = [...new Set(loud.flatMap(finding => finding.hosts))].filter(host => !guilty.has(host))
  console.log(`Healthy hosts accused at high: ${accused.length === 0 ? 'none' : accused.join(' ')}`)
  for (const host of hosts.filter(candidate => candidate.behavior !== 'honest')) {
    const told = report.hosts.find(candidate => candidate.id === host.id)
    console.log(
      `A host that is ${host.behavior}: ${host.id} is told as ${told?.status ?? 'nothing'} (${told?.reason ?? ''})`
    )
    if (told === undefined || told.status === 'reported') wrong.push(host.id)
  }
  return [...wrong, ...accused]
}
