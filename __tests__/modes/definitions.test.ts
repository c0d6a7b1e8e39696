import { describe, expect, test } from '@jest/globals'
import { loadDefinitions } from '../../src/modes/definitions.ts'

const files: Record<string, string> = {
  'baselines/checkout.json': '{"version":1,"name":"checkout","queries":{}}',
  'broken.json': '{"version":2}',
  'iocs.txt': '# of the day\ndiamorphine\nip:203.0.113.0/24\n',
  'security/today': 'sha256:'.padEnd(71, 'a'),
  '/usr/sbin/sshd': '\u007fELF',
  '/tmp/runner/iocs.txt': 'diamorphine'
}
const read = async (path: string) => {
  const text = files[path]
  if (text === undefined) throw new Error(`ENOENT: ${path}`)
  return text
}
const load = (more: { packs?: string[]; baseline?: string | null; indicators?: string | null } = {}) =>
  loadDefinitions(
    { mode: 'check', packs: ['linux'], baseline: null, indicators: null, query: null, ...more },
    read
  )
const texts = async (indicators: string) => (await load({ indicators })).indicators.map(({ text }) => text)

test('a run needs neither a baseline nor indicators', async () => {
  const definitions = await load()
  expect(definitions.packs.map(({ name }) => name)).toEqual(['linux'])
  expect(definitions).toMatchObject({ baseline: null, indicators: [] })
})

test('a baseline comes with its path and digest', async () => {
  const { baseline } = await load({ baseline: 'baselines/checkout.json' })
  expect(baseline).toMatchObject({
    path: 'baselines/checkout.json',
    sha256: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    content: { name: 'checkout' }
  })
})

test('all problems of packs, baseline and indicators are reported at once', async () => {
  const problems = await load({ packs: ['lynux'], baseline: 'broken.json', indicators: 'ab' }).catch(
    (error: Error) => error.message.split('\n')
  )
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^packs: lynux is neither a built-in pack/),
      expect.stringContaining('broken.json is not a valid baseline'),
      expect.stringMatching(/^indicators: line 1: "ab": a literal needs at least 3 characters/)
    ])
  )
})

test('a baseline that cannot be read is an error that says what to do', async () => {
  await expect(load({ baseline: 'gone.json' })).rejects.toThrow(
    'baseline: gone.json cannot be read. Check the path, and that actions/checkout runs before this step'
  )
})

describe('indicators', () => {
  test.each([
    ['a file of the workspace', 'iocs.txt', ['diamorphine', 'ip:203.0.113.0/24']],
    ['a file without an extension', 'security/today', ['sha256:'.padEnd(71, 'a')]],
    ['a list on the runner', '/tmp/runner/iocs.txt', ['diamorphine']],
    ['several lines, one of them a file', 'iocs.txt\nxmrig', ['diamorphine', 'ip:203.0.113.0/24', 'xmrig']],
    ['a word', 'diamorphine', ['diamorphine']],
    ['an expression', '/kinsing|xmrig/', ['/kinsing|xmrig/']],
    ['a value of a column', 'crontab.command=/opt/run.txt', ['crontab.command=/opt/run.txt']],
    ['a path on the hosts, which the runner happens to have', '/usr/sbin/sshd', ['/usr/sbin/sshd']],
    ['a relative path on the hosts, after a comment', '# on the hosts\nopt/x/miner', ['opt/x/miner']],
    ['comments only', '# nothing today', []]
  ])('%s', async (_name, indicators, wanted) => {
    expect(await texts(indicators)).toEqual(wanted)
  })

  test.each(['iocs.csv', 'security/tomorrow', './iocs', '/tmp/gone.txt'])(
    'the file %s that cannot be read is an error, never searched for as a word',
    async path => {
      await expect(load({ indicators: path })).rejects.toThrow(`indicators: the file ${path} cannot be read.`)
    }
  )
})
