import * as core from '@actions/core'
import { systemClock } from './clock.ts'
import { actionsLog } from './github/log.ts'
import { run } from './run.ts'

/** An older Node.js lacks functions that the action uses. */
const MIN_NODE = 22

// Until there is a result: a process that ends early has failed.
process.exitCode = 1

if (Number.parseInt(process.versions.node, 10) < MIN_NODE) {
  core.setFailed(
    `This runner started the action with Node.js ${process.versions.node}, and it needs Node.js 24. Update the runner; ` +
      'runners on 32-bit ARM have no Node.js 24, so use another machine there.'
  )
} else {
  const [, , ...args] = process.argv
  // The runner starts the action without arguments, and a person gives a command.
  const exitCode = args.length > 0 ? runCommand(args) : runAction()
  exitCode.then(code => {
    process.exitCode = code
  })
}

function runAction(): Promise<number> {
  return run({
    env: process.env,
    clock: systemClock,
    log: actionsLog,
    getInput: core.getInput,
    setOutput: core.setOutput,
    mask: core.setSecret
  })
}

async function runCommand(args: readonly string[]): Promise<number> {
  // Whoever reads may stop reading, as `head` does.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const [{ cli }, { wantsColor }] = await Promise.all([import('./cli.ts'), import('./cli/terminal.ts')])
  return cli(args, {
    env: process.env,
    clock: systemClock,
    color: wantsColor(process.env, process.stdout.isTTY === true),
    print: text => void process.stdout.write(`${text}\n`),
    printError: text => void process.stderr.write(`${text}\n`)
  })
}
