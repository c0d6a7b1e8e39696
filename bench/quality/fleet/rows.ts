import { createHash } from 'node:crypto'
import type { Row } from '../../../src/snapshot/snapshot.ts'

/** Rows by the name of their query. */
export type Rows = Record<string, Row[]>

/** The content of a file that the generator only names: equal text, equal digest. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export function add(rows: Rows, query: string, ...more: readonly Row[]): void {
  const known = rows[query]
  if (known === undefined) rows[query] = [...more]
  else known.push(...more)
}

export const program = (path: string, username = 'root'): Row => ({
  path,
  username,
  name: (path.split('/').pop() ?? '').slice(0, 15),
  cmdline: path,
  parent_path: '/usr/lib/systemd/systemd',
  cgroup_path: '/system.slice'
})

export const port = (number: number | 'ephemeral', path: string, address = '*', protocol = '6'): Row => ({
  protocol,
  address,
  port: String(number),
  path,
  name: path.split('/').pop() ?? ''
})

export const unit = (id: string, fragment = `/usr/lib/systemd/system/${id}`, state = 'enabled'): Row => ({
  id,
  fragment_path: fragment,
  unit_file_state: state,
  user: '',
  active_state: 'active',
  sub_state: 'running',
  description: id
})

/** A file by path and content. */
export const file = (path: string, content: string): Row => ({
  path,
  sha256: sha256(content),
  mode: '0644',
  uid: '0',
  size: String(content.length * 37)
})

export const cronJob = (path: string, command: string): Row => ({
  path,
  command,
  event: '',
  minute: '*',
  hour: '*',
  day_of_month: '*',
  month: '*',
  day_of_week: '*'
})

export const outbound = (path: string, remotePort: number | 'ephemeral', address: string): Row => ({
  path,
  protocol: '6',
  remote_port: String(remotePort),
  peer: /^(10|52\.94)\./.test(address) ? 'private' : 'public',
  remote_address: address,
  name: path.split('/').pop() ?? ''
})

export const account = (username: string, shell: string, uid: number): Row => ({
  username,
  shell,
  uid: String(uid),
  gid: String(uid),
  directory: shell.endsWith('nologin') ? '/nonexistent' : `/home/${username}`
})

export const words = (names: string): string[] => names.trim().split(/\s+/)
