import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { openReply, type Reply } from '../../src/collect/protocol/reply.ts'
import { collectorScript, encodeScript } from '../../src/collect/script/build.ts'
import type { OsquerySource } from '../../src/inputs/osquery-sources.ts'

const paths = new Map<string, string>()

/** Where a program is, or what it is called if the shell has it built in; empty if there is none. */
export function pathOf(program: string): string {
  const path =
    paths.get(program) ?? spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()
  paths.set(program, path)
  return path
}

/** The shells of real fleets; a machine that lacks one tests the others. `sh` is usually one of them. */
export const SHELLS = [
  ...new Map(
    ['dash', 'bash', 'busybox', 'sh']
      .filter(shell => pathOf(shell) !== '')
      .reverse()
      .map(shell => [realpathSync(pathOf(shell)), shell])
  ).values()
].reverse()
export const NONCE = '00ff00ff00ff00ff00ff00ff'
export const HOST = 'i-0123456789abcdef0'

/**
 * A stand-in for osqueryi: a word in the SQL chooses what it prints. `%W` is the path of its working folder. SLOW waits
 * until a second run of the same command waits for its answer.
 */
export const OSQUERYI = `#!/bin/sh
for sql; do :; done
case $sql in
  *system_info*) printf '[\\n  {"arch":"x86_64","hostname":"web-1","os":"Debian","os_version":"12","osquery_version":"5.23.1"}\\n]\\n' ;;
  *interface_addresses*) printf '[\\n  {"address":"10.0.0.7","mac":"02:00:00:00:00:01"}\\n]\\n' ;;
  *EMPTY*) printf '[\\n\\n]\\n' ;;
  *ODD*) printf '[\\n  {"a":"it'"'"'s \\\\"q\\\\" \\\\\\\\ $HOME \`id\` \\303\\251 \\377"},\\n  {"a":"{"}\\n]\\n' ;;
  *TABS*) printf '[\\n\\t{\\n\\t\\t"a": "1"\\n\\t},\\n\\t{\\n\\t\\t"a": "{"\\n\\t}\\n]\\n' ;;
  *TWO-A-LINE*) printf '[\\n {"a":"1"}, {"a":"2"},\\n {"a":"3"}]' ;;
  *ONE-LINE*) printf '[ {"a":"1"}, {"a":"2"} ]' ;;
  *ECHO*) printf '%s' "$sql" | od -An -tx1 | tr -d ' \\n' | sed 's/.*/[{"hex":"&"}]/' ;;
  *WHERE*) printf '[{"home":"%s","stdin":"%s","args":"%s","nice":"%s"}]' "$HOME" "$(cat | wc -c | tr -d ' ')" "$1 $2 $3 $4 $5" "$(nice)" ;;
  *SYNTAX*) echo 'Error: near "SYNTAX": syntax error' >&2; exit 1 ;;
  *OLDERROR*) echo 'Error: no such column' >&2; printf '[\\n\\n]\\n' ;;
  *HALF*) printf '[\\n  {"a":"1"}\\n]\\n'; echo 'W1129 07:48:59.457625 13566 virtual_table.cpp:1012] Table file was queried without a required column in the WHERE clause' >&2; echo 'Error: Table file was queried without a required column in the WHERE clause' >&2; exit 19 ;;
  *PACKAGES*) printf "osquery: error: parsing file '/var/lib/dpkg/status' near line 4667:\\n end of file after field name 'garbage'\\n" >&2; exit 2 ;;
  *UNREAD*) echo 'W1129 07:48:59.457625 13566 etc_hosts.cpp:38] Cannot read /etc/hosts size exceeds limit: 49 > 10' >&2; printf '[\\n\\n]\\n' ;;
  *WRAPPED*) echo 'sudo: a password is required' >&2; printf '[\\n\\n]\\n' ;;
  *CHATTY*) echo 'a new version is available' >&2; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *BANNER*) echo 'Using a virtual database'; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *NOTHING*) exit 0 ;;
  *MEMORY*) ulimit -c 0; echo "terminate called after throwing an instance of 'std::bad_alloc'" >&2; kill -ABRT $$ ;;
  *CRASH*) ulimit -c 0; kill -SEGV $$ ;;
  *TERMINATED*) kill -TERM $$ ;;
  *OCCUPY*) mkdir "$HOME/5.o" "$HOME/7.o"; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *FILL*) head -c 100000000 /dev/zero > "$HOME/../fill"; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *INODES*) i=0; while : > "$HOME/../$i"; do i=$((i + 1)); done; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *GONE*) rm -rf "$HOME"; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *PID*) printf '[{"pid":"%s"}]' $$ ;;
  *BUS*) echo 'E1129 07:48:59.457625 13566 systemd_units.cpp:38] Failed to generate the systemd unit list: no bus' >&2; printf '[\\n\\n]\\n' ;;
  *PARTLY*) echo 'E1129 07:48:59.457625 13566 pci_devices.cpp:38] Unexpected error' >&2; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *EVENTS*) echo 'W1129 07:48:59.457625 13566 table.cpp:38] Table process_events is event-based but events are disabled' >&2; printf '[\\n\\n]\\n' ;;
  *ONE-USER*) echo 'W1129 07:48:59.457625 13566 keys.cpp:38] The authorized_keys table returns data based on the current user by default, consider JOINing' >&2; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *CUT*) printf '[\\n  {"a":"1"},\\n  {"a"' ;;
  *KILLED*) kill -9 $$ ;;
  *STUBBORN*) trap '' TERM; exec sleep 600 ;;
  *SLOW*) echo ran >> "%W/ran"; until [ -e waiting ]; do sleep 0.1; done; printf '[\\n  {"a":"1"}\\n]\\n' ;;
  *WARNING*) echo 'W1124 events are off, Error: is not at the start' >&2; printf '[\\n\\n]\\n' ;;
  *NOTABLE*) echo 'Error: no such table: NOTABLE' >&2; exit 1 ;;
  *HANG*) echo $$ > "%W/pid"; mv "%W/pid" "%W/hanging"; exec sleep 600 ;;
  *NOISE*) echo '['; head -c 2097152 /dev/urandom | od -An -tx1 | sed 's/.*/  {"a":"&"},/'; printf '  {"a":"end"}\\n]\\n' ;;
  *ENDLESS*) exec cat /dev/zero ;;
  *) printf '[\\n  {"a":"1"},\\n  {"a":"2"}\\n]\\n' ;;
esac
`

interface Run {
  readonly shell?: string
  readonly path?: (bin: string) => string
  readonly budgetSeconds?: number
  readonly querySeconds?: number
  readonly prepare?: (folder: string) => void
  readonly env?: Record<string, string>
  readonly osquery?: readonly OsquerySource[]
  /** A command that runs the script as its last arguments. */
  readonly inside?: readonly string[]
  /** Changes the script before it is sent. */
  readonly edit?: (script: string, folder: string) => string
}

export function prepare(queries: Record<string, string>, run: Run) {
  const folder = mkdtempSync(join(tmpdir(), "collector it's "))
  const bin = join(folder, 'bin')
  const temp = join(folder, 'temp')
  mkdirSync(bin)
  mkdirSync(temp)
  install(join(bin, 'osqueryi'), OSQUERYI.replaceAll('%W', folder))
  run.prepare?.(folder)
  const sent = Object.entries(queries).map(([name, sql]) => ({ name, sql }))
  const script = collectorScript(sent, {
    nonce: NONCE,
    budgetSeconds: run.budgetSeconds ?? 300,
    querySeconds: run.querySeconds ?? 300,
    osquery: run.osquery ?? []
  })
  // The agent joins the lines into a file without a shebang and runs it as sh -c PATH.
  const path = join(folder, '_script.sh')
  writeFileSync(path, encodeScript(run.edit?.(script, folder) ?? script).join('\n'))
  const PATH = run.path?.(bin) ?? `${bin}:${process.env.PATH}`
  const env = { PATH, TMPDIR: temp, AWS_SSM_INSTANCE_ID: HOST, ...run.env }
  const shell = run.shell ?? 'sh'
  const [command = '', ...args] = [
    ...(run.inside ?? []),
    pathOf(shell),
    ...(shell === 'busybox' ? ['sh'] : []),
    path
  ]
  return {
    folder,
    temp,
    env,
    command,
    args,
    names: Object.keys(queries)
  }
}

/** Runs the script to its end. */
export function collect(
  queries: Record<string, string>,
  run: Run = {}
): { opened: Reply; reply: string; left: string[] } {
  const host = prepare(queries, run)
  try {
    const done = spawnSync(host.command, host.args, { env: host.env, maxBuffer: 1e9, timeout: 240_000 })
    const reply = done.stdout.toString('utf8')
    expect({ status: done.status, stderr: done.stderr.toString() }).toEqual({ status: 0, stderr: '' })
    return {
      opened: openReply(reply, { nonce: NONCE, host: HOST, queries: host.names }),
      reply,
      left: readdirSync(host.temp)
    }
  } finally {
    rmSync(host.folder, { recursive: true, force: true })
  }
}

export function results(opened: Reply) {
  if (opened.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(opened)}`)
  return opened.queries
}

const PROGRAMS =
  'sh uname tar curl mktemp rm date nice timeout sha256sum shasum openssl grep wc gzip base64 tr head cat id sed sleep setsid od touch mkdir chmod'

/** Installs a program in a folder of the test. `wx` never writes through a link to a real program. */
export function install(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o755, flag: 'wx' })
}

/**
 * A PATH of `bin` and the usual programs, some of them replaced. The script appends /usr/bin to its PATH, so a missing
 * program is one that fails; a program that is `null` is found only there.
 */
export function replaced(programs: Readonly<Record<string, string | null>>) {
  return (bin: string) => {
    const few = join(bin, '..', 'few')
    mkdirSync(few)
    for (const name of PROGRAMS.split(' ')) {
      const text = programs[name]
      if (typeof text === 'string') install(join(few, name), text)
      else if (text === undefined && pathOf(name).startsWith('/')) symlinkSync(pathOf(name), join(few, name))
    }
    return `${bin}:${few}`
  }
}

/** A program that fails as if it were not there. */
export const MISSING = '#!/bin/sh\nexit 127\n'
