import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { SimulatedHost } from '../fleet/host.ts'
import { simulatedOsquery } from '../osquery/answer.ts'
import type { Agent } from './agent.ts'

/** The file descriptors on which {@link OSQUERYI} announces its requests, and hears of their answers. */
const REQUESTS = 9
const ANSWERS = 7
/** In place of osqueryi: hands its last argument to this process, waits for the answer and prints it. A signal does not end a statement. */
const OSQUERYI = `#!/bin/sh
trap '' INT TERM
for sql; do :; done
box=$FLEET_BOX/$$
printf %s "$sql" > "$box.sql"
echo "$box" >&${REQUESTS}
answered=
until [ "$answered" = "$box" ]; do read -r answered code <&${ANSWERS} || exit 1; done
[ ! -s "$box.err" ] || cat "$box.err" >&2
[ "$code" != 0 ] || exec cat "$box.out"
cat "$box.out"
exit "$code"
`
/** The hosts' commands run as root, whoever runs the simulator. */
const ID = `#!/bin/sh
case "$1" in -u) echo 0;; *) echo 'uid=0(root) gid=0(root) groups=0(root)';; esac
`
/** What an agent sets for the commands it runs. */
const PLATFORM = {
  AWS_SSM_REGION_NAME: 'eu-west-1',
  AWS_SSM_PLATFORM_NAME: 'Debian GNU/Linux',
  AWS_SSM_PLATFORM_VERSION: '12'
}

/**
 * The SSM agent of all hosts: writes the document's commands to a script in a private folder and runs it with a real
 * `sh`, as the agent does. Its osqueryi is simulated: this process answers the queries from SQLite. Unlike the agent it
 * sets TMPDIR, because all hosts share one machine.
 */
export async function shellAgent() {
  const home = await mkdtemp(join(tmpdir(), 'simulated-fleet-'))
  const toolsOf = ({ behavior }: SimulatedHost) => join(home, behavior === 'no-osquery' ? 'bare' : 'bin')
  for (const [path, text] of [
    ['bin/osqueryi', OSQUERYI],
    ['bin/id', ID],
    ['bare/id', ID]
  ] as const) {
    await mkdir(join(home, path, '..'), { recursive: true })
    await writeFile(join(home, path), text, { mode: 0o755 })
  }
  let osquery: ReturnType<typeof simulatedOsquery> | undefined
  let closed = false

  const run: Agent['run'] = async (host, name, commands, commandId, signal) => {
    if (closed) return { code: 1, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
    const folder = await mkdtemp(join(home, 'run-'))
    const temp = join(home, 'hosts', host.id)
    await mkdir(temp, { recursive: true })
    const script = join(folder, '_script.sh')
    await writeFile(script, commands.join('\n'), { mode: 0o700 })
    const child = spawn('sh', ['-c', script], {
      cwd: '/usr/bin',
      detached: true,
      env: {
        ...PLATFORM,
        PATH: `${toolsOf(host)}:/usr/bin:/bin`,
        TMPDIR: temp,
        FLEET_BOX: folder,
        AWS_SSM_INSTANCE_ID: name,
        SSM_COMMAND_ID: commandId
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'ignore', 'ignore', 'pipe', 'ignore', 'pipe']
    })
    const killGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has already ended.
      }
    }
    signal.addEventListener('abort', killGroup)
    const streams: readonly unknown[] = child.stdio
    // A host that ends before it hears of an answer closes its end.
    if (streams[ANSWERS] instanceof Writable) streams[ANSWERS].on('error', () => undefined)
    onLine(streams[REQUESTS], box => {
      answer(host, box, streams[ANSWERS]).catch(() => undefined)
    })
    const [stdout, stderr, code] = await Promise.all([
      contentOf(streams[1]),
      contentOf(streams[2]),
      new Promise<number>(resolve => {
        child.on('exit', (exit, killedBy) => resolve(exit ?? (killedBy === null ? 1 : 137)))
        child.on('error', () => resolve(127))
      })
    ])
    signal.removeEventListener('abort', killGroup)
    await rm(folder, { recursive: true, force: true })
    return { code, stdout, stderr }
  }

  async function answer(host: SimulatedHost, box: string, answers: unknown): Promise<void> {
    if (!box.startsWith(`${home}/`) || !(answers instanceof Writable)) return
    osquery ??= simulatedOsquery()
    const { stdout, stderr, code } = osquery.answer(host.tables, await readFile(`${box}.sql`, 'utf8'))
    await Promise.all([writeFile(`${box}.out`, stdout), writeFile(`${box}.err`, stderr)])
    answers.write(`${box} ${code}\n`)
  }

  return {
    run,
    /** The files that hosts have left in their temporary folders, by host. */
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
      osquery?.close()
      await rm(home, { recursive: true, force: true })
    }
  }
}

function onLine(stream: unknown, use: (line: string) => void): void {
  if (!(stream instanceof Readable)) return
  let incomplete = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (incomplete + text).split('\n')
    incomplete = lines.pop() ?? ''
    for (const line of lines) use(line)
  })
}

async function contentOf(stream: unknown): Promise<Buffer> {
  const chunks: Buffer[] = []
  if (!(stream instanceof Readable)) return Buffer.alloc(0)
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
