import { plural } from '../text/phrases.ts'
import type { Inventory } from './report.ts'

/** What an inventory is. */
export function inventoryMeaning({ hosts }: Inventory): string {
  const { length } = hosts
  return `Nothing judged ${plural(length, 'this host', `these ${length} hosts`)}. These are ${plural(length, 'its', 'their')} rows in the tables whose changes are rarely innocent: read them once.`
}

/** The way from an inventory to a baseline; backticks enclose code. */
export function baselineAdvice(hasBaseline: boolean): string {
  return hasBaseline
    ? 'If they are right, learn the baseline again with `mode: baseline`: it does not cover all queries of this run.'
    : 'If they are right, run once with `mode: baseline` and `baseline: baselines/NAME.json`, commit that file after a review, and name it in the input `baseline` from then on. Three or more hosts are also compared with each other.'
}

export const NO_INVENTORY = 'These tables have no rows.'
