import { expect, test } from '@jest/globals'
import { type ExplanationData, explain } from '../../src/analyze/findings/explain.ts'

const data: ExplanationData = {
  verdict: 'intruder',
  rows: 2,
  hosts: 3,
  compared: 40,
  queries: ['sudoers', 'users'],
  baseline: false,
  missing: false,
  variants: false,
  shared: false,
  reasons: []
}

test('a sentence says which rows are rare, on how many hosts, and what stands out', () => {
  expect(explain({ ...data, reasons: ['root-account', 'login-shell', 'open-port'] })).toBe(
    "Rare: these 2 rows in sudoers and users are on 3 of 40 hosts; an account has root's rights, and an account can log in."
  )
  expect(explain({ ...data, rows: 1, hosts: 1, queries: ['users'] })).toBe(
    'Rare: this row in users is on 1 of 40 hosts.'
  )
})

test('who has full power over the host is not said to have power over the host as well', () => {
  expect(explain({ ...data, reasons: ['full-power', 'restricted-power'] })).toBe(
    'Rare: these 2 rows in sudoers and users are on 3 of 40 hosts; this gives full power over the host.'
  )
})

test('a reason that two codes share is given once', () => {
  expect(explain({ ...data, reasons: ['control', 'asked-for-control'] })).toMatch(
    /; a protection is concerned\.$/
  )
})

test('what most of the compared hosts have is rare only in the rest of the fleet', () => {
  expect(explain({ ...data, hosts: 4, compared: 6 })).toMatch(/^Rare in the rest of the fleet: /)
  expect(explain({ ...data, hosts: 4, compared: 6, baseline: true })).toMatch(/^New against the baseline: /)
})

test('hosts with rows of their own are not said to share them', () => {
  expect(explain({ ...data, rows: 3, variants: true, queries: ['kernel_modules'] })).toBe(
    'Rare: 3 of 40 hosts each have rows of their own in kernel_modules.'
  )
})

test('thousands are easy to read', () => {
  expect(explain({ ...data, rows: 300_001, hosts: 1_200, compared: 30_000 })).toBe(
    'Rare: these 300,001 rows in sudoers and users are on 1,200 of 30,000 hosts.'
  )
})
