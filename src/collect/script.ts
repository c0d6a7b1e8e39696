import { gzipSync } from 'node:zlib'
import type { Query } from '../osquery/pack.ts'

/** A reply over this is cut by the SSM agent (24,000 bytes, head kept); what does not fit must be left out and told. */
export const REPLY_BYTES = 23_999

/** SendCommand refuses parameters and document of more than 100,000 bytes in all. */
const MOST_PARAMETER_BYTES = 90_000

/** What a query may print before it is stopped: blocks of 512 bytes (bash counts so too where it runs as sh). */
const OUTPUT_BLOCKS = 32_768

/** Room for the frame's two lines, and for a little that a host's shell may print around it. */
const FRAME_BYTES = 500
/** Results of more than this are not even packed: rows of osquery's pack by 10 to 50, and a reply holds 18 KB of them. */
const MOST_PACKED_BYTES = 4_000_000

/** Names of the collector's own questions, answered before the pack's. */
export const FACT_QUERIES: readonly Pick<Query, 'name' | 'sql'>[] = [
  {
    name: '_facts',
    sql: 'SELECT s.hostname, o.name AS os, o.version AS os_version, o.arch, i.version AS osquery_version FROM system_info s LEFT JOIN os_version o ON 1 LEFT JOIN osquery_info i ON 1'
  },
  {
    name: '_addresses',
    sql: 'SELECT a.address, d.mac FROM interface_addresses a LEFT JOIN interface_details d ON d.interface = a.interface'
  }
]

export interface ScriptOptions {
  /** Random for each run: text that was printed earlier, or by others, is not taken for an answer. */
  readonly nonce: string
  /** Seconds that all queries may take together, and each of them. */
  readonly budgetSeconds: number
  readonly querySeconds: number
}

/**
 * The collector: one POSIX sh script for dash, busybox and bash, read-only, writing to a private folder that it
 * removes. It always exits 0 and says in its frame what happened (envelope.ts reads it).
 * @throws Error when a query has a name that the collector keeps for its own questions.
 */
export function collectorScript(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  options: ScriptOptions
): string {
  const reserved = queries.find(({ name }) => FACT_QUERIES.some(own => own.name === name))
  if (reserved !== undefined)
    throw new Error(`packs: the query name ${reserved.name} is reserved; rename it.`)
  const asked = [...FACT_QUERIES, ...queries].map(query => `q ${query.name} ${quote(query.sql)}`)
  return [
    `nonce=${options.nonce}`,
    `budget=${options.budgetSeconds}`,
    `limit=${options.querySeconds}`,
    `blocks=${OUTPUT_BLOCKS}`,
    `fits=${REPLY_BYTES - FRAME_BYTES}`,
    `most_packed=${MOST_PACKED_BYTES}`,
    PRELUDE,
    ...asked,
    ANSWER
  ].join('\n')
}

/**
 * The lines for the document's `commands` parameter. The script travels as gzip and base64, so that neither SSM's
 * `{{…}}` nor quoting can touch it.
 * @throws Error when the packs are too large for one command.
 */
export function carry(script: string): string[] {
  const text = gzipSync(script, { level: 9 }).toString('base64')
  if (text.length > MOST_PARAMETER_BYTES) {
    throw new Error(
      `packs: the queries make a command of ${text.length} bytes, and SSM takes ${MOST_PARAMETER_BYTES}; ask fewer queries.`
    )
  }
  return [
    `s='${text}'`,
    'd() { printf %s "$s" | "$@" 2>/dev/null | gzip -dc 2>/dev/null; }',
    'c=$(d base64 -d) || c=$(d base64 -D) || c=$(d openssl base64 -d -A) || c=',
    // eval, because one argument of a program may have 128 KiB only.
    '[ -n "$c" ] && eval "$c"',
    "echo 'fleet-drift: this host has no working base64 or gzip'",
    'exit 0'
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * Asks the queries. `child` is what runs, in the background so that a signal ends the wait for it. The agent kills a
 * cancelled command's process group outright: the reaper, outside of it, then removes the folder.
 * Our own children are ended by -9: bash may run the script's traps in a child that was forked a moment ago.
 */
const PRELUDE = `umask 077
LC_ALL=C; export LC_ALL
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/osquery/bin"; export PATH
dir=$(mktemp -d "\${TMPDIR:-/tmp}/fleet-drift.XXXXXXXXXX" 2>/dev/null) && cd "$dir" || {
  echo "fleet-drift: cannot make a temporary folder"; exit 0; }
child=; reaper=
trap 'cd /; rm -rf "$dir"; [ -z "$reaper" ] || kill -9 -$reaper 2>/dev/null' EXIT
trap '[ -z "$child" ] || kill $child 2>/dev/null; exit 0' HUP INT TERM
if command -v setsid >/dev/null 2>&1; then
  setsid sh -c 'cd /; i=0
    while [ $i -lt "$3" ] && kill -0 "$2" 2>/dev/null; do sleep 3; i=$((i + 1)); done
    rm -rf "$1"' reaper "$dir" $$ $((budget + 60)) </dev/null >/dev/null 2>&1 &
  reaper=$!
fi
HOME=$dir; export HOME
ulimit -c 0 2>/dev/null
ulimit -f $blocks 2>/dev/null
start=$(date +%s)
count=0
osquery=none
if command -v osqueryi >/dev/null 2>&1; then osquery=osqueryi
elif command -v osqueryd >/dev/null 2>&1; then osquery="osqueryd -S"; fi
gentle=; nice -n 10 true 2>/dev/null && gentle="nice -n 10"
if timeout -k 1 1 true 2>/dev/null; then
  bound() { timeout -k 5 "$@" & child=$!; wait $child; }
else
  bound() {
    seconds=$1; shift
    "$@" & child=$!
    ( i=0; while [ $i -lt $seconds ]; do sleep 1; kill -0 $child 2>/dev/null || exit 0; i=$((i + 1)); done
      kill -9 $child 2>/dev/null ) >/dev/null 2>&1 & guard=$!
    wait $child; code=$?
    { kill -9 $guard; wait $guard; } 2>/dev/null
    [ $code -eq 137 ] && return 124
    return $code
  }
fi
if command -v sha256sum >/dev/null 2>&1; then digest() { sha256sum "$@"; }
elif command -v shasum >/dev/null 2>&1; then digest() { shasum -a 256 "$@"; }
else digest() { for f in "$@"; do printf '%s  %s\\n' "$(openssl dgst -sha256 "$f" | sed 's/.*= *//')" "$f"; done; }; fi
q() {
  [ "$osquery" = none ] && return
  count=$((count + 1))
  : > $count.o
  status=ok; code=-
  seconds=$((budget - $(date +%s) + start))
  [ $seconds -le $limit ] || seconds=$limit
  if [ $seconds -le 0 ]; then
    status=timeout; echo 'not asked: the time for all queries was used up' > $count.e
  else
    bound $seconds $gentle $osquery --flagfile=/dev/null --disable_extensions --json "$2" < /dev/null > $count.o 2> $count.e
    code=$?; child=
    case $code in
      0) [ -s $count.e ] && grep -q '^Error' $count.e && status=failed ;;
      124|137) status=timeout ;;
      153) status=truncated; echo 'more output than a query may have' > $count.e ;;
      *) status=failed ;;
    esac
    [ $status = failed ] && grep -q 'no such table' $count.e && status=unsupported
  fi
  [ $status = ok ] || : > $count.o
  echo "$1 $status $code" > $count.s
}`

/** Packs the results; while the frame does not fit in a reply, the largest result is left out, and said to be. */
const ANSWER = `files=
i=0
while [ $i -lt $count ]; do i=$((i + 1)); files="$files $i.o"; done
: > digests; : > sizes; : > rows
if [ -n "$files" ]; then
  digest $files > digests
  wc -c $files > sizes
  grep -c '^ *{' $files /dev/null > rows
fi
machine=; [ -r /etc/machine-id ] && read -r machine < /etc/machine-id
boot=; [ -r /proc/sys/kernel/random/boot_id ] && read -r boot < /proc/sys/kernel/random/boot_id
uid=$(id -u 2>/dev/null)
pack() {
  kept=
  {
    echo "host \${AWS_SSM_INSTANCE_ID:-}"
    echo "uid $uid"
    echo "machine-id $machine"
    echo "boot-id $boot"
    echo "osquery $osquery"
    i=0
    while [ $i -lt $count ]; do
      i=$((i + 1))
      read -r name status code < $i.s
      read -r sum rest <&3
      read -r size rest <&4
      IFS=: read -r rest lines <&5
      case " $left " in
        *" $i "*) status=truncated; bytes=0; echo "$lines rows ($size bytes) did not fit in the reply" > $i.e ;;
        *) kept="$kept $i.o"; bytes=$size ;;
      esac
      detail=-
      [ $status = ok ] || detail=$(head -c 300 $i.e | base64 | tr -d '\\n')
      echo "query $name $status $code $lines $bytes $sum \${detail:--}"
    done 3< digests 4< sizes 5< rows
    echo "end $count"
  } > top
  cat top $kept | gzip -9 -c > gz
  base64 < gz | tr -d '\\n' > text
  length=$(($(wc -c < text)))
}
left=
while :; do
  total=0; worst=0; most=0; i=0
  while [ $i -lt $count ]; do
    i=$((i + 1))
    read -r size rest <&4
    case " $left " in *" $i "*) continue ;; esac
    total=$((total + size))
    [ $size -gt $most ] && { most=$size; worst=$i; }
  done 4< sizes
  if [ $total -le $most_packed ]; then
    pack
    [ $length -gt $fits ] || break
  fi
  [ $worst -gt 0 ] || break
  left="$left $worst"
done
digest gz > sum
read -r sum rest < sum
echo "FLEETDRIFT1 $nonce $length $sum"
cat text
echo
echo "FLEETDRIFT1-END $nonce"
exit 0
`
