/** One service of a role, as its package or its deploy lays it down. */
export interface Service {
  readonly name: string
  /** `package`: from the distribution, one path for all versions; `release`: under /opt/NAME/releases/VERSION. */
  readonly from: 'package' | 'release'
  readonly ports: readonly number[]
  readonly user: string
  readonly talksTo: readonly number[]
  readonly packages: number
}

export const service = (
  name: string,
  from: Service['from'],
  ports: readonly number[],
  user: string,
  talksTo: readonly number[],
  packages: number
): Service => ({ name, from, ports, user, talksTo, packages })
