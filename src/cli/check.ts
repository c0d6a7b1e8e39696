import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { INPUTS } from '../inputs/inputs.ts'
import { errorMessage } from '../lib/error-message.ts'
import { run } from '../run.ts'
import { HELP_OF_RUNS } from './help.ts'
import { type Terminal, terminalLog } from './terminal.ts'

/** Outputs that a person at a terminal wants to know. */
const SHOWN_OUTPUTS = ['report-html', 'report-json', 'snapshot', 'baseline-path']

/** The flags are the inputs of the action. One that is given several times is a list. */
const OPTIONS = {
  ...Object.fromEntries(
    Object.values(INPUTS).map(({ name }) => [name, { type: 'string', multiple: true } as const])
  ),
  help: { type: 'boolean', short: 'h' }
} as const

/**
 * One run of the action, with flags as its inputs.
 * @returns the exit code of the run
 * @throws Error if a flag is not an input
 */
export async function runCheckCommand(
  mode: 'check' | 'collect' | 'baseline',
  args: readonly string[],
  terminal: Terminal
): Promise<number> {
  const { values } = readFlags(args)
  if (values.help === true) {
    terminal.print(HELP_OF_RUNS)
    return 0
  }
  const inputs = new Map<string, string>([['mode', mode]])
  for (const [name, value] of Object.entries(values))
    if (Array.isArray(value)) inputs.set(name, value.join('\n'))
  const outputs = new Map<string, string>()
  // In a folder of a known name in /tmp, another user of the machine could put links to files of this one.
  const temp = await mkdtemp(join(tmpdir(), 'fleet-drift-'))
  const exitCode = await run({
    env: { RUNNER_TEMP: temp, ...terminal.env },
    clock: terminal.clock,
    log: terminalLog(terminal),
    getInput: name => inputs.get(name) ?? '',
    setOutput: (name, value) => void outputs.set(name, value),
    mask: () => undefined
  })
  await rmdir(temp).catch(() => undefined)
  for (const name of SHOWN_OUTPUTS) {
    const path = outputs.get(name)
    if (path !== undefined) terminal.printError(`${name}: ${path}`)
  }
  return exitCode
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false })
  } catch (error) {
    throw new Error(`${errorMessage(error)}\nfleet-drift check --help lists the flags.`)
  }
}
