import manifest from '../package.json' with { type: 'json' }
import { runCheckCommand } from './cli/check.ts'
import { diff } from './cli/diff.ts'
import { explain } from './cli/explain.ts'
import { HELP } from './cli/help.ts'
import type { Terminal } from './cli/terminal.ts'
import { errorMessage } from './lib/error-message.ts'
import { sanitize } from './text/sanitize.ts'

/** Exit codes of the command line. A run that fails exits with 1, as the action does. */
const OK = 0
const MISUSED = 2

/**
 * The command line: `check` with the inputs of the action as flags, `explain` and `diff` over what runs left.
 * @param args without the program
 * @returns the exit code
 */
export async function cli(args: readonly string[], terminal: Terminal): Promise<number> {
  const [command = '--help', ...rest] = args
  try {
    switch (command) {
      case 'check':
      case 'collect':
      case 'baseline':
        return await runCheckCommand(command, rest, terminal)
      case 'explain':
        return await explain(rest, terminal)
      case 'diff':
        return await diff(rest, terminal)
      case 'version':
      case '--version':
      case '-v':
        terminal.print(`${manifest.name} ${manifest.version}`)
        return OK
      case 'help':
      case '--help':
      case '-h':
        terminal.print(HELP)
        return OK
      default:
        terminal.printError(`There is no command ${sanitize(command, 60)}.\n\n${HELP}`)
        return MISUSED
    }
  } catch (error) {
    terminal.printError(errorMessage(error))
    return MISUSED
  }
}
