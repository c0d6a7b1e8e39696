import { gunzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { collectorScript } from '../../../src/collect/script/build.ts'
import { scriptParameters } from '../../../src/collect/ssm/task.ts'
import { builtinPack } from '../../../src/osquery/builtin-packs.ts'

const NONCE = '00ff00ff00ff00ff00ff00ff'
const { queries } = builtinPack('windows')!
const limits = { budgetSeconds: 480, querySeconds: 60, retain: false, viaS3: false, osquery: [] }

/** The script inside a command's lines. PowerShell cannot run here: only its text is tested. */
function decoded(task: Parameters<typeof scriptParameters>[0]): { lines: string; script: string } {
  const lines = scriptParameters(task, NONCE, 'powershell').commands!.join('\n')
  const text = /'([A-Za-z0-9+/=]+)'/.exec(lines)![1]!
  return { lines, script: gunzipSync(Buffer.from(text, 'base64')).toString('utf8') }
}

test('the command for Windows is small, and SSM interprets nothing in it', () => {
  const { lines } = decoded({ kind: 'collect', queries, ...limits })
  expect(lines.length).toBeLessThan(10_000)
  expect(lines).toMatch(/^[ -~\n]+$/)
  expect(lines).not.toContain('{{')
  expect(lines).toMatch(/\nexit 0$/)
})

test('no SQL can become code in PowerShell, whatever quotes it has', () => {
  const sql = 'SELECT ’), (& whoami.exe), @(’x’ -- $env:SECRET `n “ ‘ ‛ ‚ \' "'
  const { script } = decoded({ kind: 'collect', queries: [...queries, { name: 'odd', sql }], ...limits })
  const sent = [...script.matchAll(/^ {2}@\('([\w.-]+)', '([A-Za-z0-9+/=]+)'\)/gm)].map(([, name, text]) => [
    name,
    Buffer.from(text!, 'base64').toString('utf8')
  ])
  expect(sent.slice(-queries.length - 1)).toEqual(
    [...queries, { name: 'odd', sql }].map(query => [query.name, query.sql])
  )
  expect(script).toMatch(/^[ -~\n]+$/)
})

test('osquery on Windows reads no configuration of the host', () => {
  const { script } = decoded({ kind: 'collect', queries, ...limits })
  expect(script).toContain(
    '"--config_path=NUL --flagfile=NUL --disable_extensions --read_max=$readMax --json "'
  )
  expect(script).toContain('$readMax = 268435456')
})

test('the script speaks the protocol of the POSIX one', () => {
  const { script } = decoded({ kind: 'collect', queries, ...limits })
  expect(script).toContain(`$nonce = '${NONCE}'`)
  expect(script).toMatch(/Say "FLEETDRIFT2 \$nonce .+ \$index \$\(\$packed\.Length\) \$bodySha256"/)
  expect(script).toContain('Say "FLEETDRIFT2-END $nonce"')
  for (const key of ['host', 'uid', 'machine-id', 'boot-id', 'osquery', 'query', 'end'])
    expect(script).toContain(`Add("${key} `.replace('Add("boot-id ', "Add('boot-id "))
})

/** The script without the content of its strings. */
const withoutStrings = (script: string) => script.replace(/"[^"\n]*"|'[^'\n]*'/g, '""')

test('brackets and quotes in the scripts are balanced', () => {
  for (const task of [
    { kind: 'collect', queries: [], ...limits },
    { kind: 'chunk', index: 3 },
    { kind: 'remove' }
  ] as const) {
    const bare = withoutStrings(decoded(task).script)
    expect(bare.replaceAll('""', '')).not.toMatch(/["']/)
    for (const [open, close] of ['()', '{}', '[]'] as const)
      expect(bare.split(open!).length).toBe(bare.split(close!).length)
  }
})

test('osquery and the words of Windows are compared with their case', () => {
  const { script } = decoded({ kind: 'collect', queries, ...limits })
  expect(withoutStrings(script)).not.toMatch(/ -(?:not)?match /)
})

test('both scripts take the same words of osquery for missing rows', () => {
  const { script } = decoded({ kind: 'collect', queries, ...limits })
  const posix = collectorScript([], { nonce: NONCE, budgetSeconds: 60, querySeconds: 20 })
  const pattern = (text: string) => /\^W\[0-9\]\+ \.\*\((.*)\)\)/.exec(text)![1]!.replace('\\]', ']')
  expect(pattern(script)).toBe(pattern(posix))
})

test('what is removed is ours when it is removed, also by the process that waits', () => {
  const { script } = decoded({ kind: 'collect', queries, ...limits })
  const removals = script.split('\n').filter(line => line.includes('Remove-Item'))
  expect(removals).toHaveLength(2)
  const before = script.slice(0, script.indexOf('Remove-Item')).split('\n').slice(-2).join('\n')
  expect(before).toContain('(Ours $old.FullName)')
  expect(removals[1]).toMatch(/\$\{function:Ours\}.*Start-Sleep 900; if \(Ours '\$quoted'\) \{ Remove-Item/)
  expect(decoded({ kind: 'remove' }).script).toMatch(/if \(Ours \$dir\) \{ Remove-Item/)
})

test('a collector that fails on a host says why', () => {
  const { lines } = decoded({ kind: 'collect', queries, ...limits })
  expect(lines).toMatch(/catch \{\n.*'fleet-drift: the collector failed on this host: ' \+ \("\$_"/)
})
