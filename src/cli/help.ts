import { INPUTS } from '../inputs/inputs.ts'
import { DESCRIPTIONS } from './descriptions.ts'

export const HELP = `fleet-drift: which hosts of a group are not like the others?

  fleet-drift check --collector files --files 'snapshots/*.ndjson.gz'
  fleet-drift collect --targets tag:Service=checkout --aws-region eu-west-1
  fleet-drift baseline --baseline baselines/checkout.json --collector files --files …
  fleet-drift explain FINDING-ID report.json
  fleet-drift diff OLD NEW           two report.json files, or two snapshots

fleet-drift check --help lists the flags, which are the inputs of the action.

Exit codes
  check, collect, baseline   0 no reason to fail, 1 the run failed or --fail-on or --min-coverage was reached
  explain                    0 found, 1 there is no such finding
  diff                       0 the same, 1 different
  2                          a wrong command, flag or file

Colors are shown in a terminal unless NO_COLOR is set.`

/** The flags of a run, from the table of inputs and their descriptions in action.yml. */
export const HELP_OF_RUNS = `fleet-drift check | collect | baseline [flags]

A flag may be given several times where the action takes one entry per line.

${Object.values(INPUTS)
  .filter(({ name }) => name !== 'mode' && name !== 'github-token')
  .map(({ name, default: byDefault }) => {
    const suffix = typeof byDefault === 'string' && byDefault !== '' ? ` (default: ${byDefault})` : ''
    return `  --${name}\n      ${DESCRIPTIONS[name] ?? ''}${suffix}`
  })
  .join('\n')}`
