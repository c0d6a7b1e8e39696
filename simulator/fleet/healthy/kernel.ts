import { addProcess, addRow, SIMULATED_NOW, type SimulatedHost } from '../host.ts'
import type { Random } from '../random.ts'

/** Modules, threads and settings of the kernel. @param booted seconds since 1970 */
export function addKernel(host: SimulatedHost, random: Random, booted: number): void {
  addRow(host, 'kernel_info', {
    version: '6.1.0-26-cloud-amd64',
    arguments: `root=PARTUUID=${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)} ro console=tty0 console=ttyS0,115200 nvme_core.io_timeout=4294967295`,
    path: '/boot/vmlinuz-6.1.0-26-cloud-amd64'
  })
  addRow(host, 'uptime', { total_seconds: SIMULATED_NOW - booted })
  for (const name of 'ext4 jbd2 mbcache ena nvme nvme_core nf_tables nfnetlink overlay efivarfs binfmt_misc crc32c_intel aesni_intel'.split(
    ' '
  )) {
    addRow(host, 'kernel_modules', {
      name,
      size: random.between(16, 900) * 1024,
      used_by: '-',
      status: 'Live',
      address: `0xffffffffc0${random.hex(6)}`
    })
  }
  for (let core = 0; core < 2; core++) {
    for (const name of ['cpuhp', 'migration', 'ksoftirqd']) addKernelThread(host, random, `${name}/${core}`)
  }
  for (let worker = random.between(4, 12); worker > 0; worker--) {
    addKernelThread(
      host,
      random,
      `kworker/u${random.between(2, 8)}:${random.between(0, 9)}-${random.pick(['events_unbound', 'writeback', 'ext4-rsv-conver'])}`
    )
  }
  const settings: Record<string, string> = {
    'kernel.core_pattern': 'core',
    'kernel.kptr_restrict': '0',
    'kernel.yama.ptrace_scope': '0',
    'kernel.randomize_va_space': '2',
    'kernel.unprivileged_bpf_disabled': '2',
    'kernel.modprobe': '/sbin/modprobe',
    'kernel.tainted': '0',
    'net.ipv4.ip_forward': '0',
    'fs.suid_dumpable': '0',
    'vm.swappiness': String(random.between(10, 60))
  }
  for (const [name, current_value] of Object.entries(settings))
    addRow(host, 'system_controls', { name, current_value })
}

function addKernelThread(host: SimulatedHost, random: Random, name: string): void {
  addProcess(host, { pid: random.between(3, 290), path: '', cmdline: '', name, parent: 2, cgroup_path: '' })
}
