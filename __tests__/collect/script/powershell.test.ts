import { gunzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { openParameters } from '../../../src/collect/ssm/task.ts'
import { builtinPack } from '../../../src/osquery/builtin-packs.ts'

const NONCE = '00ff00ff00ff00ff00ff00ff'
const { queries } = builtinPack('windows')!
const limits = { budgetSeconds: 480, querySeconds: 60, keep: false, stored: false, osquery: [] }

/** The script inside a command's lines. PowerShell cannot run here: only its text is tested. */
function carried(errand: Parameters<typeof openParameters>[0]): { lines: string; script: string } {
  const lines = openParameters(errand, NONCE, 'powershell').commands!.join('\n')
  const text = /'([A-Za-z0-9+/=]+)'/.exec(lines)![1]!
  return { lines, script: gunzipSync(Buffer.from(text, 'base64')).toString('utf8') }
}

test('the command for Windows is short, and nothing in it is read by SSM', () => {
  const { lines } = carried({ do: 'collect', queries, ...limits })
  expect(lines.length).toBeLessThan(10_000)
  expect(lines).toMatch(/^[ -~\n]+$/)
  expect(lines).not.toContain('{{')
  expect(lines).toMatch(/\nexit 0$/)
})

test('every query of the pack is in the script, with its quotes doubled', () => {
  const sql = "SELECT 'it''s' AS a, \"b\" FROM x -- $env:SECRET `n"
  const { script } = carried({ do: 'collect', queries: [...queries, { name: 'odd', sql }], ...limits })
  for (const query of queries)
    expect(script).toContain(`@('${query.name}', '${query.sql.replaceAll("'", "''")}')`)
  expect(script).toContain(`@('odd', '${sql.replaceAll("'", "''")}')`)
})

test('the script speaks the protocol of the POSIX one', () => {
  const { script } = carried({ do: 'collect', queries, ...limits })
  expect(script).toContain(`$nonce = '${NONCE}'`)
  expect(script).toMatch(/Say "FLEETDRIFT2 \$nonce .+ \$index \$\(\$packed\.Length\) \$whole"/)
  expect(script).toContain('Say "FLEETDRIFT2-END $nonce"')
  for (const key of ['host', 'uid', 'machine-id', 'boot-id', 'osquery', 'query', 'end'])
    expect(script).toContain(`Add("${key} `.replace('Add("boot-id ', "Add('boot-id "))
})

test('brackets and quotes of the scripts come out even', () => {
  for (const errand of [
    { do: 'collect', queries: [], ...limits },
    { do: 'piece', index: 3 },
    { do: 'remove' }
  ] as const) {
    const bare = carried(errand).script.replace(/'[^'\n]*'/g, "''")
    for (const [open, close] of ['()', '{}', '[]'] as const)
      expect(bare.split(open!).length).toBe(bare.split(close!).length)
    expect(bare.split('"').length % 2).toBe(1)
  }
})
