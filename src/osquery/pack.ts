/** The operating systems a query can be meant for, as osquery's own packs name them. */
export type Platform = 'linux' | 'darwin' | 'windows'

/**
 * What a row of this query means for security.
 * `integrity`: its change is rarely innocent (kernel modules, setuid files, keys, preload …);
 * `context`: it informs, and never accuses a host by itself.
 */
export type Weight = 'integrity' | 'normal' | 'context'

/** One named SQL statement of a pack, with what Fleet Drift must know to compare its rows between hosts. */
export interface Query {
  /** `[A-Za-z0-9_.-]{1,64}`, unique over all packs of a run. */
  readonly name: string
  readonly sql: string
  readonly title: string
  /** Empty: every platform. */
  readonly platforms: readonly Platform[]
  /** Columns that identify a row across hosts, in order; `null` for a foreign query: inferred from the fleet. */
  readonly identity: readonly string[] | null
  /** Identity columns whose difference alone makes a row *changed* rather than new, such as a digest. */
  readonly changes: readonly string[]
  /** Identity columns within whose values hosts are comparable at all, such as a package version. */
  readonly cohort: readonly string[]
  /** MITRE ATT&CK technique ids, `T1053.003`. */
  readonly attack: readonly string[]
  readonly weight: Weight
  /** A row that disappears is a stopped protection. */
  readonly control: boolean
  /** Without root osquery answers it only in part. */
  readonly root: boolean
}

export interface Pack {
  readonly name: string
  /** `sha256:HEX` of the pack file's bytes. */
  readonly sha256: string
  readonly queries: readonly Query[]
}

/** A query of which nothing is known but its name: its rows were collected earlier, with a pack that is not at hand. */
export function unknownQuery(name: string): Query {
  return {
    name,
    sql: '',
    title: '',
    platforms: [],
    identity: null,
    changes: [],
    cohort: [],
    attack: [],
    weight: 'normal',
    control: false,
    root: false
  }
}
