import * as core from '@actions/core'
import { systemClock } from './clock.ts'
import { actionsLog } from './github/log.ts'
import { run } from './run.ts'

process.exitCode = await run({
  env: process.env,
  clock: systemClock,
  log: actionsLog,
  getInput: core.getInput,
  setOutput: core.setOutput,
  mask: core.setSecret
})
