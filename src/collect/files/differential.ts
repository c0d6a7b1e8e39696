import type { QueryResult } from '../../snapshot/snapshot.ts'
import { rowOf } from './rows.ts'

/** Why the rows of a query cannot be known from its log. */
type Doubt = 'middle' | 'order' | 'lost-lines' | 'unmatched' | 'uncounted' | 'damaged'

const DOUBTS: Readonly<Record<Doubt, string>> = {
  middle: 'its log begins in the middle',
  order: 'its log is not in the order of time',
  'lost-lines': 'lines of its log are missing',
  unmatched: 'its log removes a row that it never added',
  uncounted: 'its log has no counters',
  damaged: 'a line of its log cannot be read'
}

/**
 * The rows of one query on one host, from the lines of a differential log. Memory holds its present rows, however long
 * the log is.
 *
 * osqueryd writes all rows at counter 0, and the next counter for each run that finds a difference. A restart or a
 * changed query goes on counting; a new epoch, or a counter that falls, begins anew. A first set without rows writes no
 * line, so a log may begin at counter 1. Equal rows count one by one, and within one step the order does not matter.
 */
export class DifferentialSet {
  /** By row: how often it is there. Negative within a step that removes before it adds. */
  private readonly rows = new Map<string, number>()
  private negatives = 0
  private doubt: Doubt | null = null
  /** The present step: seconds since 1970, and what osqueryd counts. */
  private stepTime = -1
  private epoch: string | null = null
  private counter: number | null = null
  /** Steps after a first one. */
  private changes = 0
  private hasGap = false
  /** Whether the log has ever removed a row. */
  hasRemovals = false
  private firstCounter: number | null = null
  /** The latest beginning wrote no line: its first set was empty, or is before the beginning of the log. */
  beganUnseen = false

  /** Seconds since 1970 of the last line. */
  get time(): number {
    return Math.max(0, this.stepTime)
  }

  get isEmpty(): boolean {
    return this.rows.size === 0
  }

  /** Whether its log shows that it begins in the middle. */
  get beganInMiddle(): boolean {
    return this.firstCounter !== null && this.firstCounter > 1
  }

  /** Turns to the step that a line belongs to. Returns whether it begins anew after earlier ones. */
  enter(time: number, epoch: string | null, counter: number | null): boolean {
    if (time === this.stepTime && counter === this.counter && epoch === this.epoch) return false
    this.settle()
    if (time < this.stepTime) {
      this.doubt = 'order'
      return false
    }
    const isFirst = this.counter === null || this.epoch === null
    const goesOn = !isFirst && epoch === this.epoch && Number(counter) > Number(this.counter)
    const isNext = counter === Number(this.counter) + 1
    this.stepTime = time
    this.epoch = epoch
    this.counter = counter
    if (counter === null || epoch === null) this.doubt ??= 'uncounted'
    else if (isFirst) {
      this.firstCounter ??= counter
      this.begin(counter)
      this.beganUnseen = counter === 1
    } else if (goesOn) {
      this.changes++
      if (!isNext) {
        this.hasGap = true
        this.doubt ??= 'lost-lines'
      }
    } else {
      this.begin(counter)
      this.beganUnseen = false
      return true
    }
    return false
  }

  add(row: string): void {
    const count = (this.rows.get(row) ?? 0) + 1
    if (count === 0) this.negatives--
    this.store(row, count)
  }

  remove(row: string): void {
    this.hasRemovals = true
    const count = (this.rows.get(row) ?? 0) - 1
    if (count === -1) this.negatives++
    this.store(row, count)
  }

  /** A line of it cannot be read. */
  damage(): void {
    this.doubt = 'damaged'
  }

  /**
   * Whether nothing but the word "added" was ever seen over several steps: events, or a query with `"removed": false`.
   * Either way the rows of the log are not what the host has now.
   */
  get onlyAdds(): boolean {
    return !this.hasRemovals && (this.hasGap || this.changes >= 2)
  }

  /** Its rows. Those of a query in doubt are what its log shows, and not its answer. */
  result(): QueryResult {
    this.settle()
    const rows = [...this.rows].flatMap(([text, count]) =>
      Array.from({ length: Math.max(0, count) }, () => rowOf(text))
    )
    return this.doubt === null
      ? { status: 'ok', detail: null, rows }
      : { status: 'truncated', detail: DOUBTS[this.doubt], rows }
  }

  private begin(counter: number): void {
    this.rows.clear()
    this.negatives = 0
    this.doubt = counter > 1 ? 'middle' : null
  }

  private store(row: string, count: number): void {
    if (count === 0) this.rows.delete(row)
    else this.rows.set(row, count)
  }

  /** A step that removes more than there was: rows are missing, unless only the value of a nameless column is. */
  private settle(): void {
    if (this.negatives === 0) return
    for (const [text, count] of this.rows) {
      if (count >= 0) continue
      this.rows.delete(text)
      if (!this.removeNameless(text, -count)) this.doubt ??= 'unmatched'
    }
    this.negatives = 0
  }

  /** osqueryd leaves a column without a name out of removed rows. */
  private removeNameless(text: string, count: number): boolean {
    for (const [other, present] of this.rows) {
      const { '': nameless, ...named } = JSON.parse(other) as Record<string, string>
      if (nameless === undefined || present < count || JSON.stringify(named) !== text) continue
      this.store(other, present - count)
      return true
    }
    return false
  }
}
