import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

export interface ActionRun {
  /** Inputs by name; the others have the defaults of action.yml, as on GitHub. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly event?: { readonly name: string; readonly payload: object }
  /** Files of the checked-out repository, by path. */
  readonly files?: Readonly<Record<string, string | Buffer>>
  /** The run's folder; by default a temporary one, which the caller removes. */
  readonly folder?: string
  /** Receives the log as it is written. */
  readonly onLog?: (text: string) => void
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void
}

export interface ActionResult {
  readonly code: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly folder: string
  readonly milliseconds: number
}

/** Runs the bundled action as the runner does: Node 24, inputs and files through the environment, nothing else. */
export async function runAction(run: ActionRun): Promise<ActionResult> {
  const folder = run.folder ?? (await mkdtemp(join(tmpdir(), 'action-')))
  const workspace = join(folder, 'workspace')
  const temp = join(folder, 'temp')
  await Promise.all([mkdir(workspace, { recursive: true }), mkdir(temp, { recursive: true })])
  for (const [path, text] of Object.entries(run.files ?? {})) {
    await mkdir(dirname(join(workspace, path)), { recursive: true })
    await writeFile(join(workspace, path), text)
  }
  const paths = {
    output: join(folder, 'output'),
    summary: join(folder, 'summary.md'),
    event: join(folder, 'event.json')
  }
  await Promise.all([
    writeFile(paths.output, ''),
    writeFile(paths.summary, ''),
    writeFile(paths.event, JSON.stringify(run.event?.payload ?? {}))
  ])
  const inputs = { ...(await defaultInputs()), ...run.inputs }
  const started = performance.now()
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'index.js')], {
    cwd: workspace,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: workspace,
      GITHUB_OUTPUT: paths.output,
      GITHUB_STEP_SUMMARY: paths.summary,
      GITHUB_EVENT_PATH: paths.event,
      GITHUB_EVENT_NAME: run.event?.name ?? 'schedule',
      GITHUB_RUN_ID: '7777',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_ACTOR: 'alice',
      RUNNER_TEMP: temp,
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [inputVariable(name), value])),
      ...run.env
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
      run.onLog?.(text)
    })
  }
  run.onStart?.(signal => child.kill(signal))
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exit, signal) => resolve(exit ?? (signal === null ? 1 : 128)))
  })
  const milliseconds = performance.now() - started
  return {
    code,
    log,
    folder,
    milliseconds,
    outputs: parseOutputs(await readFile(paths.output, 'utf8')),
    summary: await readFile(paths.summary, 'utf8')
  }
}

export const removeRun = (result: ActionResult): Promise<void> =>
  rm(result.folder, { recursive: true, force: true })

/** How the runner names an input's variable. */
function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
}

/** The defaults that action.yml declares; expressions are left to the caller. */
async function defaultInputs(): Promise<Record<string, string>> {
  const lines = (await readFile(join(ROOT, 'action.yml'), 'utf8')).split('\n')
  const inputs: Record<string, string> = {}
  let name = ''
  for (const line of lines.slice(lines.indexOf('inputs:') + 1, lines.indexOf('outputs:'))) {
    name = /^ {2}([\w-]+):$/.exec(line)?.[1] ?? name
    const value = /^ {4}default: (.*)$/.exec(line)?.[1]
    if (value !== undefined && !value.includes('${{')) inputs[name] = value.replace(/^'(.*)'$/, '$1')
  }
  return inputs
}

/** Reads the runner's output file: `name=value` and `name<<DELIMITER` blocks. */
function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const block = /^([\w-]+)<<(.+)$/.exec(lines[at] ?? '')
    if (block !== null) {
      const end = lines.indexOf(block[2] ?? '', at)
      outputs[block[1] ?? ''] = lines.slice(at + 1, end).join('\n')
      at = end
      continue
    }
    const single = /^([\w-]+)=(.*)$/.exec(lines[at] ?? '')
    if (single !== null) outputs[single[1] ?? ''] = single[2] ?? ''
  }
  return outputs
}
