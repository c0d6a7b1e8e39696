import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseTargets } from '../../src/inputs/targets.ts'

const ID = 'i-0123456789abcdef0'

test('hosts are named by id, each once', () => {
  expect(parseTargets([ID, 'mi-0123456789abcdef0', 'i-01234567', ID])).toEqual({
    targets: { kind: 'hosts', hosts: [ID, 'mi-0123456789abcdef0', 'i-01234567'] }
  })
})

test('tags, scaling groups and resource groups become filters', () => {
  const lines = ['tag:Service=checkout', 'tag:Env=prod,stage', 'asg:web-asg', 'resource-group:fleet=a,b']
  expect(parseTargets(lines)).toEqual({
    targets: {
      kind: 'filters',
      filters: [
        { key: 'tag:Service', values: ['checkout'] },
        { key: 'tag:Env', values: ['prod', 'stage'] },
        { key: 'tag:aws:autoscaling:groupName', values: ['web-asg'] },
        { key: 'resource-groups:Name', values: ['fleet=a,b'] }
      ]
    }
  })
})

test('lines with the same key are a union', () => {
  expect(
    parseTargets(['tag:Env=prod', 'tag:Env=stage,prod', 'asg:a', 'tag:aws:autoscaling:groupName=b'])
  ).toEqual({
    targets: {
      kind: 'filters',
      filters: [
        { key: 'tag:Env', values: ['prod', 'stage'] },
        { key: 'tag:aws:autoscaling:groupName', values: ['a', 'b'] }
      ]
    }
  })
})

test('a tag is split at its first =, and \\, is a comma inside a value', () => {
  expect(parseTargets(['tag:Query=a=b,c\\,d'])).toEqual({
    targets: { kind: 'filters', filters: [{ key: 'tag:Query', values: ['a=b', 'c,d'] }] }
  })
})

test('every bad line is reported, all at once, with what to write instead', () => {
  const parsed = parseTargets([
    'i-xyz',
    'mi-01234567',
    'tag:Env',
    'tag:=x',
    'tag:Env=a,,b',
    'asg:',
    'resource-group:',
    'web-1',
    ID,
    'asg:ok'
  ])
  expect('problems' in parsed && parsed.problems).toEqual([
    '"i-xyz" is not a host ID: an ID is i- and 8 or 17 hex digits, or mi- and 17',
    '"mi-01234567" is not a host ID: an ID is i- and 8 or 17 hex digits, or mi- and 17',
    '"tag:Env" has no key and value: write tag:Key=Value',
    '"tag:=x" has no key and value: write tag:Key=Value',
    '"tag:Env=a,,b" has an empty value: write tag:Key=Value[,Value]',
    '"asg:" names no group: write asg:NAME',
    '"resource-group:" names no group: write resource-group:NAME',
    '"web-1" is not a target: write i-…, mi-…, tag:Key=Value, asg:NAME or resource-group:NAME',
    'host IDs and groups cannot be mixed: SSM takes either IDs, or tags and groups'
  ])
})

test('more keys, values or resource groups than SSM allows are refused', () => {
  const many = (count: number, line: (at: number) => string) =>
    parseTargets(Array.from({ length: count }, (_, at) => line(at)))
  expect(many(6, at => `tag:K${at}=v`)).toEqual({ problems: ['6 different keys are given; SSM allows 5'] })
  expect(many(51, at => `tag:K=v${at}`)).toEqual({ problems: ['tag:K has 51 values; SSM allows 50'] })
  expect(many(2, at => `resource-group:g${at}`)).toEqual({
    problems: ['resource-groups:Name has 2 values; SSM allows 1']
  })
  expect(many(50, at => `tag:K=v${at}`)).toHaveProperty('targets')
})

test('any lines give targets or problems, never both or neither', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom(ID, 'tag:a=b', 'asg:x')), { minLength: 1 }),
      lines => {
        const parsed = parseTargets(lines)
        if ('problems' in parsed) return parsed.problems.length > 0
        return parsed.targets.kind === 'hosts'
          ? parsed.targets.hosts.length > 0
          : parsed.targets.filters.length > 0
      }
    )
  )
})
