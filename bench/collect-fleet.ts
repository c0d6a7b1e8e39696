import { healthyHost } from '../simulator/fleet/healthy/healthy-host.ts'
import { addFile, addRow, type SimulatedFleet, type SimulatedHost } from '../simulator/fleet/host.ts'
import { type Random, seededRandom } from '../simulator/fleet/random.ts'
import { type OsqueryOutput, simulatedOsquery } from '../simulator/osquery/answer.ts'

/**
 * A large fleet made from a few images: hosts of one image have the same files and packages. Each host has its own name,
 * addresses, process ids and start times, and one in eight runs a cron job.
 */
export function fleetFromImages(hosts: number, images: number, seed: number) {
  const random = seededRandom(seed)
  const bases = Array.from({ length: images }, (_, image) => imageHost(random, image))
  const fleet: SimulatedFleet = {
    compromises: [],
    hosts: Array.from({ length: hosts }, (_, at): SimulatedHost => {
      const base = bases[at % images]
      if (base === undefined) throw new Error('a fleet needs an image')
      const address = `10.${Math.floor(at / 62_500)}.${Math.floor(at / 250) % 250}.${(at % 250) + 1}`
      return { ...base, id: `i-0${random.hex(16)}`, name: `ip-${address.replaceAll('.', '-')}`, address }
    })
  }
  const own = new Map(fleet.hosts.map((host, at) => [host.id, { host, base: bases[at % images], at }]))
  const osquery = simulatedOsquery()
  const answers = new Map<string, OsqueryOutput>()

  function answer({ id }: Pick<SimulatedHost, 'id'>, sql: string): OsqueryOutput {
    const { host, base, at } = own.get(id) ?? {}
    if (host === undefined || base === undefined || at === undefined) throw new Error(`no host ${id}`)
    const key = `${base.id} ${sql}`
    const image = answers.get(key) ?? osquery.answer(base.tables, sql)
    answers.set(key, image)
    const shift = (at * 7919) % 20_011
    const stdout = image.stdout
      .toString()
      .replaceAll(base.name, host.name)
      .replaceAll(base.address, host.address)
      .replace(/"(pid|parent|start_time)":"(\d+)"/g, (_, column: string, value: string) => {
        const number = Number(value) > 1 ? Number(value) + shift * (column === 'start_time' ? 37 : 1) : value
        return `"${column}":"${number}"`
      })
    if (at % 8 !== 0 || !/FROM processes p LEFT JOIN processes/.test(sql) || !stdout.includes('}\n]'))
      return { ...image, stdout: Buffer.from(stdout) }
    const job = `{"cgroup_path":"/system.slice/cron.service","cmdline":"/opt/job/run --id ${shift}","name":"run","parent_path":"/usr/sbin/cron","path":"/opt/job/run","pid":"${shift}","start_time":"${shift}","username":"root"}`
    return { ...image, stdout: Buffer.from(stdout.replace('\n]\n', `,\n  ${job}\n]\n`)) }
  }

  return { fleet, answer }
}

function imageHost(random: Random, image: number): SimulatedHost {
  const host = healthyHost(random, image)
  for (const row of host.tables.file ?? []) row.mtime = 1_780_000_000 + image * 86_400
  for (const row of (host.tables.deb_packages ?? []).slice(0, 25)) row.version = `1.0-${image}`
  for (let at = 0; at < 8; at++) {
    addFile(host, `/etc/cron.daily/role-${image}-${at}`, `role ${image} ${at}`, { mtime: 1_780_000_000 })
    addRow(host, 'systemd_units', {
      id: `role-${image}-${at}.service`,
      fragment_path: `/etc/systemd/system/role-${image}-${at}.service`,
      load_state: 'loaded',
      active_state: 'active',
      sub_state: 'running',
      unit_file_state: 'enabled'
    })
  }
  return host
}
