/**
 * Programs that the distribution's own timers run as root, by exact path: upgrades, indexes, rotation, the start of the
 * system. A path lowers what a row of running programs says by one step, and excuses nothing.
 */
const RUNS = new Set(
  [
    'bin/apt bin/apt-get bin/apt-config bin/apt-check bin/dpkg bin/dpkg-query bin/dpkg-deb bin/unattended-upgrade bin/unattended-upgrades bin/gpgv',
    'lib/apt/apt.systemd.daily lib/apt/apt-helper lib/apt/methods/http lib/apt/methods/https lib/apt/methods/store lib/apt/methods/gpgv lib/apt/methods/file',
    'lib/update-notifier/apt-check lib/update-notifier/package-data-downloader lib/ubuntu-release-upgrader/check-new-release lib/needrestart/apt-pinvoke sbin/needrestart',
    'bin/dnf bin/dnf-3 bin/dnf5 bin/yum bin/rpm bin/microdnf bin/zypper bin/snap lib/snapd/snapd lib/snapd/snap-seccomp',
    'sbin/logrotate bin/man bin/mandb bin/updatedb bin/updatedb.plocate bin/updatedb.mlocate sbin/fstrim sbin/e2scrub sbin/e2scrub_all sbin/anacron bin/run-parts lib/sysstat/sadc lib/sysstat/sa1 lib/sysstat/sa2 lib64/sa/sadc lib64/sa/sa1 lib64/sa/sa2',
    'lib/systemd/systemd-hostnamed lib/systemd/systemd-timedated lib/systemd/systemd-localed lib/systemd/systemd-tmpfiles bin/systemd-tmpfiles lib/systemd/systemd-fsck lib/systemd/systemd-update-done',
    'libexec/packagekitd lib/packagekit/packagekitd libexec/fwupd/fwupd lib/fwupd/fwupd bin/fwupdmgr bin/cloud-init bin/cloud-id bin/growpart sbin/resize2fs sbin/plymouthd sbin/ldconfig sbin/depmod sbin/fsck'
  ]
    .join(' ')
    .split(' ')
    .map(path => `/usr/${path}`)
)

/** Whether a path is, to the letter, a program that the distribution's timers run. */
export const isPackageRun = (path: string): boolean => path.startsWith('/usr/') && RUNS.has(path)
