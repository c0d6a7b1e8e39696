import { gzipSync } from 'node:zlib'
import type { Query } from '../osquery/pack.ts'

/** A reply over this is cut by the SSM agent (24,000 bytes, head kept); what does not fit must be left out and told. */
export const REPLY_BYTES = 23_999

/** SendCommand refuses parameters and document of more than 100,000 bytes in all. */
const MOST_PARAMETER_BYTES = 90_000

/** What a query may print before it is stopped: 512-byte blocks for dash and busybox, 1,024-byte ones for bash. */
const OUTPUT_BLOCKS = 32_768

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
 */
export function collectorScript(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  options: ScriptOptions
): string {
  const asked = [...FACT_QUERIES, ...queries].map(query => `q ${query.name} ${quote(query.sql)}`)
  return [
    `nonce=${options.nonce}`,
    `budget=${options.budgetSeconds}`,
    `limit=${options.querySeconds}`,
    `blocks=${OUTPUT_BLOCKS}`,
    `fits=${REPLY_BYTES - 200}`,
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
    `d() { printf %s "$s" | base64 -d 2>/dev/null || printf %s "$s" | openssl base64 -d -A 2>/dev/null; }`,
    'c=$(d | gzip -dc 2>/dev/null)',
    `[ -n "$c" ] && exec sh -c "$c" fleet-drift`,
    "echo 'fleet-drift: this host has no working base64 or gzip'",
    'exit 0'
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

const PRELUDE = `umask 077
LC_ALL=C; export LC_ALL
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/osquery/bin"; export PATH
dir=$(mktemp -d "\${TMPDIR:-/tmp}/fleet-drift.XXXXXXXXXX") || { echo "fleet-drift: cannot make a temporary folder"; exit 0; }
trap 'rm -rf "$dir"' EXIT
trap 'exit 0' HUP INT TERM
HOME=$dir; export HOME
ulimit -f $blocks 2>/dev/null
start=$(date +%s)
count=0
osquery=none
if command -v osqueryi >/dev/null 2>&1; then osquery=osqueryi
elif command -v osqueryd >/dev/null 2>&1; then osquery="osqueryd -S"; fi
gentle=; nice -n 10 true 2>/dev/null && gentle="nice -n 10"
if timeout -k 1 1 true 2>/dev/null; then
  bound() { timeout -k 5 "$limit" "$@"; }
else
  bound() {
    "$@" & child=$!
    ( i=0; while [ "$i" -lt "$limit" ]; do sleep 1; kill -0 $child 2>/dev/null || exit 0; i=$((i + 1)); done; kill -9 $child 2>/dev/null ) >/dev/null 2>&1 & guard=$!
    wait $child; code=$?
    kill $guard 2>/dev/null
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
  f=$dir/$count
  : > "$f.o"
  status=ok; code=-
  if [ $(($(date +%s) - start)) -ge "$budget" ]; then
    status=timeout; echo 'not asked: the time for all queries was used up' > "$f.e"
  else
    bound $gentle $osquery --flagfile=/dev/null --disable_extensions --json "$2" < /dev/null > "$f.o" 2> "$f.e"
    code=$?
    case $code in
      0) [ -s "$f.e" ] && grep -q '^Error' "$f.e" && status=failed ;;
      124|137) status=timeout ;;
      153) status=truncated; echo 'more output than a query may have' > "$f.e" ;;
      *) status=failed ;;
    esac
    [ $status = failed ] && grep -q 'no such table' "$f.e" && status=unsupported
  fi
  [ $status = ok ] || : > "$f.o"
  echo "$1 $status $code" > "$f.s"
}`

const ANSWER = `files=
i=0
while [ $i -lt $count ]; do i=$((i + 1)); files="$files $dir/$i.o"; done
if [ -n "$files" ]; then
  digest $files > "$dir/digests"
  wc -c $files > "$dir/sizes"
  grep -c '^ *{' $files /dev/null > "$dir/rows"
fi
pack() {
  : > "$dir/body"
  {
    echo "host \${AWS_SSM_INSTANCE_ID:-}"
    echo "uid $(id -u 2>/dev/null)"
    machine=; [ -r /etc/machine-id ] && read -r machine < /etc/machine-id
    echo "machine-id $machine"
    boot=; [ -r /proc/sys/kernel/random/boot_id ] && read -r boot < /proc/sys/kernel/random/boot_id
    echo "boot-id $boot"
    echo "osquery $osquery"
    i=0
    while [ $i -lt $count ]; do
      i=$((i + 1))
      read -r name status code < "$dir/$i.s"
      read -r sum rest <&3
      read -r size rest <&4
      IFS=: read -r rest rows <&5
      case " $left " in
        *" $i "*) status=truncated; echo "did not fit in the reply: $size bytes" > "$dir/$i.e"; bytes=0 ;;
        *) bytes=$size; cat "$dir/$i.o" >> "$dir/body" ;;
      esac
      detail=-
      [ $status = ok ] || detail=$(head -c 300 "$dir/$i.e" | base64 | tr -d '\\n')
      echo "query $name $status $code $rows $bytes $sum \${detail:--}"
    done 3< "$dir/digests" 4< "$dir/sizes" 5< "$dir/rows"
    echo "end $count"
  } > "$dir/head"
  cat "$dir/head" "$dir/body" | gzip -9 -c > "$dir/gz"
  base64 < "$dir/gz" | tr -d '\\n' > "$dir/text"
}
left=
: >> "$dir/digests"; : >> "$dir/sizes"; : >> "$dir/rows"
pack
while [ $(wc -c < "$dir/text") -gt $fits ]; do
  worst=0; most=0; i=0
  while [ $i -lt $count ]; do
    i=$((i + 1))
    read -r size rest <&4
    case " $left " in *" $i "*) continue ;; esac
    [ "$size" -gt "$most" ] && { most=$size; worst=$i; }
  done 4< "$dir/sizes"
  [ $worst -eq 0 ] && break
  left="$left $worst"
  pack
done
read -r sum rest <<END
$(digest "$dir/gz")
END
echo "FLEETDRIFT1 $nonce $(($(wc -c < "$dir/text"))) $sum"
cat "$dir/text"
echo
echo "FLEETDRIFT1-END $nonce"
exit 0
`
