import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { GetCommandInvocationCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm'
import * as z from 'zod'
import { ssmClient } from '../src/aws/clients.ts'
import { assumeRole } from '../src/aws/credentials.ts'
import { runnerTokens } from '../src/aws/oidc.ts'
import { systemClock as clock } from '../src/clock.ts'
import { collectFromSsm } from '../src/collect/ssm/ssm.ts'
import { scriptParameters } from '../src/collect/ssm/task.ts'
import type { Targets } from '../src/inputs/targets.ts'
import type { Log } from '../src/log.ts'
import { loadPacks, queriesOf } from '../src/osquery/load-packs.ts'

/**
 * The cost of reading a fleet: the action with and without deduplicated replies, beside one status call per host in
 * series, restarted whenever a host has not finished (Diffy's method). All run against the same simulated SSM. Prints
 * calls and ratios.
 *
 *     npm run bench:collect -- [hosts] [images]
 */
const [hosts = 2_000, images = 40] = process.argv.slice(2).map(Number)
const RATES: Readonly<Record<string, number>> = {
  SendCommand: 5,
  ListCommands: 10,
  ListCommandInvocations: 10,
  DescribeInstanceInformation: 10,
  GetCommandInvocation: 40
}

const server = fork(fileURLToPath(new URL('./collect-server.ts', import.meta.url)), [
  String(hosts),
  String(images)
])
const helloSchema = z.object({ env: z.record(z.string(), z.string()), hosts: z.array(z.string()) })
const callsSchema = z.object({
  calls: z.array(z.object({ action: z.string(), errorType: z.string().nullable() })),
  retaining: z.number()
})
const hello = helloSchema.parse((await once(server, 'message'))[0])
Object.assign(process.env, hello.env)
const session = assumeRole(
  {
    arn: 'arn:aws:iam::111122223333:role/fleet-drift',
    sessionName: 'bench',
    durationSeconds: 3600,
    audience: 'sts.amazonaws.com',
    inlineSessionPolicy: null,
    region: 'eu-west-1',
    repository: 'acme/infra'
  },
  {
    tokens: runnerTokens(
      {
        url: hello.env.ACTIONS_ID_TOKEN_REQUEST_URL ?? '',
        token: hello.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''
      },
      { clock, mask: () => undefined }
    ),
    clock,
    log: benchLog(),
    mask: () => undefined
  }
)
await session.credentials()
const queries = queriesOf(await loadPacks(['linux'], path => readFile(path, 'utf8')))

const tag: Targets = { kind: 'filters', filters: [{ key: 'tag:Service', values: ['checkout'] }] }
const byTag = await measure('deduplicated, by tag', () => collect(tag, true))
await measure('deduplicated, by id', () => collect({ kind: 'hosts', hosts: hello.hosts }, true))
const plain = await measure('plain, by tag', () => collect(tag, false))
const serial = await measure('one status call per host', () => collectSerially(Math.min(hosts, 300)))
const bound = hosts / (RATES.GetCommandInvocation ?? 1)
const serialSeconds = (serial.seconds * hosts) / Math.min(hosts, 300)
console.log(`
lower bound without deduplication (${hosts} replies at 40 per second)  ${bound.toFixed(1)} s
time over this bound: plain ${(plain.seconds / bound).toFixed(2)}, deduplicated ${(byTag.seconds / bound).toFixed(2)}, serial ${(serialSeconds / bound).toFixed(2)} (from 300 hosts)
reading calls of the plain way over those deduplicated  ${(plain.reading / byTag.reading).toFixed(1)}`)
server.send('end')

async function collect(targets: Targets, dedup: boolean): Promise<number> {
  const ssm = ssmClient('eu-west-1', session.credentials, clock)
  const request = {
    targets,
    targetLines: [],
    queries,
    document: null,
    osquery: [],
    outputS3: null,
    comment: 'bench',
    maxConcurrency: '100%',
    timeoutSeconds: 600,
    expectedIds: [],
    dedup
  }
  let complete = 0
  for await (const record of collectFromSsm(request, {
    ssm,
    s3: null,
    log: benchLog(),
    clock,
    signal: new AbortController().signal
  }))
    if (record.status === 'reported') complete++
    else if (process.env.BENCH_LOG) console.log(record.reason)
  ssm.destroy()
  return complete
}

/** Diffy's method: the status of each host in turn, from the first again whenever one has not ended; the SDK retries. */
async function collectSerially(count: number): Promise<number> {
  const ssm = new SSMClient({
    region: 'eu-west-1',
    credentials: () => session.credentials(),
    maxAttempts: 10
  })
  const limits = { budgetSeconds: 60, querySeconds: 60, retain: false, viaS3: false, osquery: [] }
  const { commands = [] } = scriptParameters(
    { kind: 'collect', queries, ...limits },
    '00ff00ff00ff00ff00ff00ff',
    'posix'
  )
  const commandOf = new Map<string, string>()
  for (let at = 0; at < count; at += 50) {
    const InstanceIds = hello.hosts.slice(at, Math.min(at + 50, count))
    const { Command } = await ssm.send(
      new SendCommandCommand({
        InstanceIds,
        DocumentName: 'AWS-RunShellScript',
        Parameters: { commands: [...commands] }
      })
    )
    for (const id of InstanceIds) commandOf.set(id, Command?.CommandId ?? '')
  }
  for (;;) {
    let ended = 0
    for (const [InstanceId, CommandId] of commandOf) {
      const reply = await ssm
        .send(new GetCommandInvocationCommand({ CommandId, InstanceId }))
        .catch(() => null)
      if (reply?.Status !== 'Success') break
      ended++
    }
    if (ended === commandOf.size) break
    await clock.sleep(1_000)
  }
  ssm.destroy()
  return commandOf.size
}

async function measure(name: string, work: () => Promise<number>) {
  await fetchCalls()
  const started = performance.now()
  const complete = await work()
  const seconds = (performance.now() - started) / 1_000
  const { calls, retaining } = await fetchCalls()
  const of = (action: string) => calls.filter(call => call.action === action).length
  const ssm = calls.filter(call => call.action in RATES || call.action === 'CancelCommand')
  const reading = ssm.filter(call => !/^(SendCommand|CancelCommand)$/.test(call.action)).length
  const throttled = ssm.filter(call => call.errorType === 'ThrottlingException').length
  console.log(
    `${name.padEnd(32)} ${complete} complete hosts, ${seconds.toFixed(1)} s, ${(reading / complete).toFixed(3)} reading calls per host ` +
      `(${of('ListCommands')} + ${of('ListCommandInvocations')} + ${of('GetCommandInvocation')} + ${of('DescribeInstanceInformation')}), ${of('SendCommand')} sends, ` +
      `throttled ${((100 * throttled) / ssm.length).toFixed(1)} %, ${retaining} replies left on hosts`
  )
  return { seconds, reading, throttled }
}

async function fetchCalls() {
  server.send('calls')
  return callsSchema.parse((await once(server, 'message'))[0])
}

/** The log of a run: `BENCH_LOG=1` prints it. */
function benchLog(): Log {
  const print = (text: string) => {
    if (process.env.BENCH_LOG) console.log(`    ${text}`)
  }
  return { info: print, debug: print, warning: print, error: print, group: (_, work) => work() }
}
