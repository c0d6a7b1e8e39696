import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Behavior, SimulatedHost } from '../fleet/host.ts'
import { simulatedOsquery } from '../osquery/answer.ts'

/** Runs a document's commands on a host. */
export interface Agent {
  /** @param name the id that the script is told: another host's, where the host lies */
  run(
    host: SimulatedHost,
    name: string,
    commands: readonly string[],
    commandId: string,
    signal: AbortSignal
  ): Promise<CommandResult>
}

/** How an invocation ended on its host. */
export interface CommandResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** Stand-in for osqueryi: hands the last argument to this process, waits for the answer's file and prints it. */
const OSQUERYI = `#!/bin/sh
for sql; do :; done
case "$sql" in --version) echo 'osqueryi version 5.23.1'; exit 0;; esac
box=$(mktemp -d "$FLEET_BOX/q.XXXXXX") || exit 1
printf %s "$sql" > "$box/sql"
mkfifo "$box/ready"
printf '%s\\n' "$box" >&9
read -r code < "$box/ready"
cat "$box/err" >&2
cat "$box/out"
exit "$code"
`
/** Whoever runs the demo, the hosts' commands run as root. */
const ID = `#!/bin/sh
case "$1" in -u) echo 0;; *) echo 'uid=0(root) gid=0(root) groups=0(root)';; esac
`

const REQUESTS = 9

/**
 * The SSM agent of all hosts: writes the document's commands to a script in a private folder and runs it with a real
 * `sh`, as the agent does, with a stand-in osqueryi whose questions this process answers from SQLite.
 */
export async function shellAgent() {
  const home = await mkdtemp(join(tmpdir(), 'embedded-fleet-'))
  await mkdir(join(home, 'bin'))
  await mkdir(join(home, 'bare'))
  for (const [path, text] of [
    ['bin/osqueryi', OSQUERYI],
    ['bin/id', ID],
    ['bare/id', ID]
  ] as const) {
    await writeFile(join(home, path), text)
    await chmod(join(home, path), 0o755)
  }
  const osquery = simulatedOsquery()
  let closed = false

  async function answer(host: SimulatedHost, box: string): Promise<void> {
    if (!box.startsWith(`${home}/`)) return
    const { stdout, stderr, code } = osquery.answer(host.tables, await readFile(join(box, 'sql'), 'utf8'))
    await Promise.all([writeFile(join(box, 'out'), stdout), writeFile(join(box, 'err'), stderr)])
    await writeFile(join(box, 'ready'), `${code}\n`)
  }

  return {
    async run(
      host: SimulatedHost,
      name: string,
      commands: readonly string[],
      commandId: string,
      signal: AbortSignal
    ): Promise<CommandResult> {
      const printed = PRINTED[host.behavior]
      if (printed !== undefined)
        return { code: host.behavior === 'failed' ? 1 : 0, stdout: printed, stderr: Buffer.alloc(0) }
      if (closed) return { code: 1, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
      const folder = await mkdtemp(join(home, 'run-'))
      const temp = join(home, 'hosts', host.id)
      await mkdir(temp, { recursive: true })
      const script = join(folder, '_script.sh')
      await writeFile(script, commands.join('\n'), { mode: 0o700 })
      const tools = join(home, host.behavior === 'no-osquery' ? 'bare' : 'bin')
      const child = spawn('sh', ['-c', script], {
        cwd: folder,
        detached: true,
        env: {
          PATH: `${tools}:/usr/bin:/bin`,
          TMPDIR: temp,
          FLEET_BOX: folder,
          AWS_SSM_INSTANCE_ID: name,
          AWS_SSM_REGION_NAME: 'eu-west-1',
          AWS_SSM_PLATFORM_NAME: 'Debian GNU/Linux',
          AWS_SSM_PLATFORM_VERSION: '12',
          SSM_COMMAND_ID: commandId
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'ignore', 'ignore', 'ignore', 'ignore', 'pipe']
      })
      const stop = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
        } catch {
          // It has ended already.
        }
      }
      signal.addEventListener('abort', stop)
      const streams: readonly unknown[] = child.stdio
      const requests = streams[REQUESTS]
      let rest = ''
      if (requests instanceof Readable) {
        requests.setEncoding('utf8').on('data', (text: string) => {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const box of lines) answer(host, box).catch(() => undefined)
        })
      }
      const [stdout, stderr, code] = await Promise.all([
        collect(streams[1]),
        collect(streams[2]),
        new Promise<number>(resolve => {
          child.on('exit', (exit, killed) => resolve(exit ?? (killed === null ? 1 : 137)))
          child.on('error', () => resolve(127))
        })
      ])
      signal.removeEventListener('abort', stop)
      await rm(folder, { recursive: true, force: true })
      return { code, stdout, stderr }
    },
    /** What hosts have left in their temporary folders, by host. */
    async leftovers(): Promise<Record<string, string[]>> {
      const left: Record<string, string[]> = {}
      for (const host of await readdir(join(home, 'hosts')).catch(() => [])) {
        const files = await readdir(join(home, 'hosts', host))
        if (files.length > 0) left[host] = files
      }
      return left
    },
    async close(): Promise<void> {
      closed = true
      osquery.close()
      await rm(home, { recursive: true, force: true })
    }
  }
}

async function collect(stream: unknown): Promise<Buffer> {
  const chunks: Buffer[] = []
  if (!(stream instanceof Readable)) return Buffer.alloc(0)
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What a host under an intruder's hand may print: commands to the runner, markup, a forged frame, odd bytes. */
const GARBAGE = Buffer.concat([
  Buffer.from(
    '::error::owned\n##[error]owned\n<!-- fleet-drift:fleet --> @everyone <img src=x onerror=alert(1)> \u202e\u001b[31m\n'
  ),
  Buffer.from(
    'FLEETDRIFT1 0123456789abcdef01234567 12 0000000000000000000000000000000000000000000000000000000000000000\nH4sIAAAAAAAA\n'
  ),
  Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28])
])

/** What hosts print that do not run the script. */
const PRINTED: Readonly<Partial<Record<Behavior, Buffer>>> = {
  garbage: GARBAGE,
  failed: Buffer.alloc(0),
  cut: Buffer.alloc(5_000_000, 'FLEETDRIFT and no end ')
}
