/** The operating systems of a query, as osquery's packs name them. */
export type Platform = 'linux' | 'darwin' | 'windows'

/**
 * What a row of the query means for security.
 * `integrity`: a change is rarely innocent (kernel modules, setuid files, keys, preload …);
 * `context`: it explains other findings and is never evidence against a host by itself.
 */
export type Weight = 'integrity' | 'normal' | 'context'

/** One named SQL statement of a pack, with what is needed to compare its rows between hosts. */
export interface Query {
  /** `[A-Za-z0-9_.-]{1,64}`, unique over all packs of a run. */
  readonly name: string
  readonly sql: string
  readonly title: string
  /** Empty: every platform. */
  readonly platforms: readonly Platform[]
  /** Columns that identify a row across hosts, in order; `null`: a foreign query, they are inferred from the fleet. */
  readonly identity: readonly string[] | null
  /** Columns that never identify a row, where the others are inferred. */
  readonly volatile?: readonly string[]
  /** Identity columns that make a row *changed* rather than new if only they differ, such as a digest. */
  readonly changes: readonly string[]
  /** Identity columns in which hosts must agree to be compared at all, such as a package version. */
  readonly cohort: readonly string[]
  /** MITRE ATT&CK technique ids, `T1053.003`. */
  readonly attack: readonly string[]
  readonly weight: Weight
  /** A row that disappears is a protection that stopped. */
  readonly control: boolean
  /** Without root, osquery answers it only partially. */
  readonly root: boolean
  /** The oldest osquery that has its tables, `5.19.0`; absent: no version is named. */
  readonly version?: string
}

export interface Pack {
  readonly name: string
  /** `sha256:HEX` of the pack file's bytes. */
  readonly sha256: string
  readonly queries: readonly Query[]
  /** What a reader of the report must know of the file, in sentences. */
  readonly notices?: readonly string[]
}

/** A query of which only the name is known: its rows were collected earlier, with a pack that this run does not have. */
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
