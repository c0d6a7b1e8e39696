/** Settings of the kernel that every simulated distribution has: names and values. */
export const KERNEL_SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['kernel.kptr_restrict', '1'],
  ['kernel.dmesg_restrict', '1'],
  ['kernel.yama.ptrace_scope', '1'],
  ['kernel.randomize_va_space', '2'],
  ['kernel.unprivileged_bpf_disabled', '2'],
  ['kernel.modprobe', '/sbin/modprobe'],
  ['net.ipv4.ip_forward', '0']
]
