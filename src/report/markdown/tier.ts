/** How much a report shows. What is left out is counted in its place. */
export interface Tier {
  /** Findings with a section of their own. */
  readonly sections: number
  /** Findings in the table of findings. */
  readonly listed: number
  /** Rows of a finding that are visible at once. */
  readonly rows: number
  /** More rows of a finding, in a closed `<details>`. */
  readonly folded: number
  /** Columns of a row. */
  readonly columns: number
  /** Characters of a value. */
  readonly value: number
  /** Hosts in a list. */
  readonly hosts: number
  /** Lines of the host map, and of the lists of clusters, unassessed hosts, acceptances and notices. */
  readonly lines: number
}

/** From everything that a reader may want down to little more than counts. */
export const TIERS: readonly [Tier, ...Tier[]] = [
  { sections: 1_000, listed: 1_000, rows: 10, folded: 190, columns: 24, value: 240, hosts: 10, lines: 60 },
  { sections: 300, listed: 500, rows: 8, folded: 12, columns: 12, value: 120, hosts: 10, lines: 40 },
  { sections: 100, listed: 200, rows: 5, folded: 0, columns: 8, value: 100, hosts: 8, lines: 20 },
  { sections: 40, listed: 60, rows: 3, folded: 0, columns: 6, value: 80, hosts: 5, lines: 12 },
  { sections: 0, listed: 20, rows: 0, folded: 0, columns: 0, value: 60, hosts: 3, lines: 5 },
  { sections: 0, listed: 0, rows: 0, folded: 0, columns: 0, value: 40, hosts: 2, lines: 1 }
]
