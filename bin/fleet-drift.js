#!/usr/bin/env node
const MIN_NODE = 22
if (Number.parseInt(process.versions.node, 10) < MIN_NODE) {
  process.stderr.write(
    `fleet-drift needs Node.js ${MIN_NODE} or later, and this is ${process.versions.node}.\n`
  )
  process.exit(2)
}
// Without a command the bundle is the action; a person at a terminal gets the help.
if (process.argv.length === 2) process.argv.push('--help')
await import('../dist/index.js')
