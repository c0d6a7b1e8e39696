#!/usr/bin/env node
// Without a command the bundle is the action; a person at a terminal gets the help.
if (process.argv.length === 2) process.argv.push('--help')
await import('../dist/index.js')
