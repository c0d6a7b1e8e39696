/** One service of a role, as its package or its deploy installs it. */
export interface Service {
  readonly name: string
  /** `package`: from the distribution, the same path in all versions; `release`: under /opt/NAME/releases/VERSION. */
  readonly from: 'package' | 'release'
  readonly ports: readonly number[]
  readonly user: string
  readonly talksTo: readonly number[]
  readonly packages: number
}

export const service = (
  name: string,
  from: Service['from'],
  user: string,
  traits: Pick<Service, 'ports' | 'talksTo' | 'packages'>
): Service => ({ name, from, user, ...traits })
