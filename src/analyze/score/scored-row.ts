import type { Deviation } from '../deviate/deviation.ts'
import type { TableKind } from '../table-traits.ts'

/** Why a row says more, or less, than that it is rare. */
export type Reason =
  | 'writable-folder'
  | 'hidden-folder'
  | 'from-memory'
  | 'home-of-root'
  | 'home'
  | 'outside-packages'
  | 'package-program'
  | 'of-package'
  | 'of-no-package'
  | 'differs-from-package'
  | 'reaches-out'
  | 'public-peer'
  | 'connected'
  | 'shell-of-server'
  | 'shell-of-service'
  | 'shell-connection'
  | 'unprivileged-service'
  | 'raw-socket'
  | 'dual-use'
  | 'impostor'
  | 'open-port'
  | 'loopback-port'
  | 'ephemeral-port'
  | 'hidden-process'
  | 'content-differs'
  | 'rare-version'
  | 'service-account'
  | 'root-login'
  | 'hidden-parent'
  | 'commands-host'
  | 'unknown-version'
  | 'new-file'
  | 'login-shell'
  | 'root-account'
  | 'no-login'
  | 'empty-password'
  | 'admin-group'
  | 'full-power'
  | 'restricted-power'
  | 'over-proc'
  | 'control'
  | 'asked-for-control'
  | 'unit-gone'
  | 'installed-program-gone'
  | 'port-gone'
  | 'usual-program'
  | 'private-address'
  | 'less-to-fear'
  | 'package-run'
  | 'new-to-baseline'
  | 'required-by-baseline'
  | 'file-listing'
  | 'transient-unit'
  | 'package-job'
  | 'elsewhere'
  | 'booting'

/** What a row says, in whole bits: log₂ of how much likelier a cause shows it than a healthy host's own lone row. */
export interface RowEvidence {
  readonly bits: number
  /** With their bits, the weightiest first. */
  readonly reasons: readonly (readonly [Reason, number])[]
}

/** A deviation with all that scoring asks of it. */
export interface ScoredRow extends RowEvidence {
  readonly deviation: Deviation
  readonly kind: TableKind
  /** Index into the fleet's queries. */
  readonly query: number
  /** Rows that say alike things in the same place. */
  readonly kin: string
  /** Whether it may accuse a host. */
  readonly isIncriminating: boolean
  /** It is an unexpected file in a folder that root's programs read. */
  readonly isHook: boolean
  /** The account that runs the row's program, except root; or ''. */
  readonly person: string
  /** It is an account of a person or a service, its key or its password. */
  readonly isAccount: boolean
}
