import type { HostFacts } from '../../../src/snapshot/snapshot.ts'

/** A port that a program listens on. */
export interface Port {
  readonly number: number | 'ephemeral'
  readonly address: '*' | 'loopback'
  readonly protocol: 'tcp' | 'udp'
}

/** A connection that a program opened. */
export interface Connection {
  readonly address: string
  readonly port: number
}

/** A running program. */
export interface Process {
  readonly path: string
  readonly user: string
  /** Path of the program that started it. */
  readonly parent: string
  readonly cmdline: string
  readonly cgroup: string
  /** The file is still where it was when the program started. */
  readonly onDisk: boolean
  readonly listens: readonly Port[]
  readonly connections: readonly Connection[]
  /** Holds a raw socket. */
  readonly sniffs: boolean
  /** Library that its environment forces into it. */
  readonly preload: string | null
}

export interface Unit {
  readonly id: string
  readonly fragment: string
  readonly state: 'enabled' | 'disabled' | 'static' | 'generated' | 'transient'
  readonly user: string
  readonly active: boolean
}

export interface Account {
  readonly name: string
  readonly uid: number
  readonly shell: string
  readonly groups: readonly string[]
  readonly password: 'locked' | 'active'
  readonly keys: readonly Key[]
}

export interface Key {
  readonly text: string
  readonly options: string
  readonly comment: string
}

/** A file, by what its digest depends on. */
export interface FileState {
  readonly content: string
  readonly mode: string
  readonly type: 'regular' | 'directory' | 'socket'
}

/** What is true of one host, before any query asks for it. Parts are replaced, never changed in place. */
export interface HostState {
  readonly facts: HostFacts
  /** Name and version. */
  packages: Map<string, string>
  processes: Process[]
  units: Map<string, Unit>
  cron: { readonly path: string; readonly command: string; readonly event: string }[]
  files: Map<string, FileState>
  /** Programs and PAM modules whose content is compared within the version of a package. */
  binaries: Map<string, { readonly package: string; readonly content: string }>
  modules: Set<string>
  /** What the kernel says about modules that are not its own. */
  taints: Set<string>
  setuid: Set<string>
  capabilities: Map<string, string>
  accounts: Map<string, Account>
  sudoers: { readonly header: string; readonly rule: string; readonly source: string }[]
  sysctls: Map<string, string>
  bootArguments: Set<string>
  names: { readonly kind: string; readonly address: string; readonly value: string }[]
  firewall: {
    readonly chain: string
    readonly policy: string
    readonly target: string
    readonly port: string
  }[]
  sources: { readonly uri: string; readonly release: string }[]
  procMounts: string[]
  booting: boolean
}

/** Runs a program: as root, started by systemd, unless the traits say otherwise. */
export function run(host: HostState, path: string, traits: Partial<Process> = {}): void {
  host.processes.push({
    path,
    user: 'root',
    parent: '/usr/lib/systemd/systemd',
    cmdline: path,
    cgroup: `/system.slice/${basename(path)}.service`,
    onDisk: true,
    listens: [],
    connections: [],
    sniffs: false,
    preload: null,
    ...traits
  })
}

/** Adds a unit of a package, or one under /etc with its file. */
export function addUnit(
  host: HostState,
  id: string,
  traits: Partial<Unit> & { content?: string } = {}
): void {
  const { content, ...unit } = traits
  const fragment = unit.fragment ?? `/usr/lib/systemd/system/${id}`
  host.units.set(id, { id, fragment, state: 'enabled', user: '', active: true, ...unit })
  if (fragment.startsWith('/etc/systemd/system/')) write(host, fragment, content ?? id)
}

export function write(host: HostState, path: string, content: string, traits: Partial<FileState> = {}): void {
  host.files.set(path, { content, mode: '0644', type: 'regular', ...traits })
}

export function addAccount(host: HostState, name: string, traits: Partial<Account> = {}): void {
  host.accounts.set(name, {
    name,
    uid: 400 + ((name.length * 53 + name.charCodeAt(0)) % 500),
    shell: '/usr/sbin/nologin',
    groups: [],
    password: 'locked',
    keys: [],
    ...traits
  })
}

export function addCron(host: HostState, path: string, command: string, event = ''): void {
  host.cron.push({ path, command, event })
}

export const tcp = (number: Port['number'], address: Port['address'] = '*'): Port => ({
  number,
  address,
  protocol: 'tcp'
})

export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** A host of its own, equal to this one. */
export const cloneState = (host: HostState): HostState => structuredClone(host)
