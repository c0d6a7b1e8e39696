/**
 * The POSIX sh texts of the collector, for dash, busybox and bash; build.ts puts them together. They change nothing on
 * the host except one private folder, always exit 0, and report what happened in a frame (frame.ts reads it).
 *
 * The folder is named after the run's nonce, so that a later command of the same run finds it, and after the host,
 * because several managed hosts may share one machine. `mkdir` fails where the name is taken, and in a folder of mode
 * 0700 only root may use what root made.
 */

/**
 * What every command needs: where folders may be, what is ours, and how to print one file in a frame (`frame`) or one
 * chunk of the packed answer (`chunk`). `ours` is asked before anything is removed: the folder's name is public, and
 * somebody else may take it once it is free.
 */
export const COMMON = `umask 077
LC_ALL=C; export LC_ALL
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/osquery/bin"; export PATH
folder=fleet-drift.$nonce.\${AWS_SSM_INSTANCE_ID:-host}
set -- "\${TMPDIR:-/tmp}" /var/tmp /run /dev/shm /var/lib
ours() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
if [ -n "$(printf x | sha256sum 2>/dev/null)" ]; then digest() { sha256sum "$@"; }
elif [ -n "$(printf x | shasum -a 256 2>/dev/null)" ]; then digest() { shasum -a 256 "$@"; }
elif [ -n "$(printf x | openssl dgst -sha256 2>/dev/null)" ]; then
  digest() { for f in "$@"; do printf '%s  %s\\n' "$(openssl dgst -sha256 "$f" | sed 's/.*= *//')" "$f"; done; }
else echo "fleet-drift: this host has no program for SHA-256"; exit 0; fi
if [ "$(printf A | base64 2>/dev/null)" = QQ== ]; then encode() { base64 | tr -d '\\n'; }
else encode() { openssl base64 -A; }; fi
if [ "$(printf QQ== | base64 -d 2>/dev/null)" = A ]; then decode() { base64 -d; }
elif [ "$(printf QQ== | base64 -D 2>/dev/null)" = A ]; then decode() { base64 -D; }
else decode() { openssl base64 -d -A; }; fi
no_room() { rm -f retained 2>/dev/null; echo "fleet-drift: no room in \${dir%/*}"; exit 0; }
frame() {
  text=$(encode < "$1")
  sum=$(digest "$1")
  printf '%s\\n' "FLEETDRIFT2 $nonce \${#text} \${sum%% *} $2 $total $body_sum" "$text" "FLEETDRIFT2-END $nonce"
}
chunk() {
  tail -c +$(($1 * chunk_bytes + 1)) gz 2>/dev/null | head -c $chunk_bytes > "chunk.$1" && [ -s "chunk.$1" ] || no_room
  frame "chunk.$1" "$1"
  rm -f "chunk.$1"
} 2>/dev/null`

/** A nonce, as a pattern of the shell: only folders of the collector are its own. */
const NONCE_PATTERN = '[0-9a-f]'.repeat(24)

/**
 * Finds osquery: on the PATH, and where Fleet's agent (orbit), Kolide's and the packages put it.
 *
 * Creates the folder, in the first place that is writable, has room for 1 MiB and, where osquery must be fetched, lets
 * programs run. Where the same command arrives twice (its first acknowledgment was lost), the second run waits for the
 * first, and prints its answer.
 *
 * Runs the queries. `child` is the running program, in the background so that a signal ends the wait for it. It is ended
 * by KILL: osquery ignores TERM inside a statement. The agent kills the process group of a canceled command; the reaper,
 * outside of that group, then removes the folder. It also removes a folder that was retained for later commands (one
 * with the file `retained`) when its time is up.
 *
 * osquery reads no configuration of the host. A statement follows a blank, so that it is never taken for an option or
 * for a command of the shell. With exit code 0, osquery may still have failed: an error line means that rows may be
 * missing, and so do the warnings in `blind`.
 */
export const PRELUDE = `osquery=none; program=; mode=
if command -v osqueryi >/dev/null 2>&1; then osquery=osqueryi; program=osqueryi
elif command -v osqueryd >/dev/null 2>&1; then osquery=osqueryd; program=osqueryd; mode=-S
else
  orbit=bin/osqueryd/linux/stable/osqueryd; orbit_arm=bin/osqueryd/linux-arm64/stable/osqueryd
  app=osquery.app/Contents/MacOS/osqueryd
  for place in /opt/orbit/$orbit /opt/orbit/$orbit_arm /var/lib/orbit/$orbit /var/lib/orbit/$orbit_arm \\
    /opt/orbit/bin/osqueryd/macos-app/stable/$app /opt/osquery/lib/$app /usr/local/kolide-k2/bin/osqueryd; do
    [ -f "$place" ] && [ -x "$place" ] && { osquery=osqueryd; program=$place; mode=-S; break; }
  done
fi
why=
take() {
  dir=$1/$folder; waited=0; gone=0
  until problem=$(mkdir "$dir" 2>&1); do
    [ -n "$why" ] || why=\${problem##*: }
    if ! ours "$dir"; then
      gone=$((gone + 1))
      [ ! -e "$dir" ] && [ -w "$1" ] && [ $gone -lt 3 ] && continue
      return 1
    fi
    [ $waited -lt $budget ] || { echo "fleet-drift: the same command is still running on this host"; exit 0; }
    if cd "$dir" && [ -O . ] && true > waiting && [ -e retained ] && read -r total body_sum keep < retained; then
      chunk 0
      cd /; [ "$keep" = yes ] || { ours "$dir" && rm -rf "$dir"; }
      exit 0
    fi
    cd /; sleep 1; waited=$((waited + 1))
  done
  if head -c 1048576 /dev/zero > "$dir/probe" && rm "$dir/probe"; then
    [ $runs = no ] && return 0
    printf '#!/bin/sh\\n' > "$dir/probe"; chmod 700 "$dir/probe"
    "$dir/probe" && rm "$dir/probe" && return 0
  else why='no room'; fi
  rm -rf "$dir"
  return 1
} 2>/dev/null
fetched=
runs=no; [ "$osquery" = none ] && [ $offered -gt 0 ] && runs=yes
for root; do
  for old in "$root"/fleet-drift.${NONCE_PATTERN}.*; do
    ours "$old" && [ -n "$(find "$old" -prune -mmin +60 2>/dev/null)" ] && rm -rf "$old"
  done
  take "$root" && break
  dir=
done
if [ -z "$dir" ] && [ $runs = yes ]; then
  runs=no; fetched=no-exec
  for root; do take "$root" && break; dir=; done
fi
[ -n "$dir" ] && cd "$dir" || { echo "fleet-drift: cannot make a temporary folder: \${why:-no folder is writable}"; exit 0; }
child=; reaper=
trap '[ -e "$dir/retained" ] || { cd /; [ -z "$reaper" ] || kill -9 -$reaper; ours "$dir" && rm -rf "$dir"; } 2>/dev/null' EXIT
trap '[ -z "$child" ] || kill -9 -$child || kill -9 $child; rm -f "$dir/retained"; exit 0' HUP INT TERM
reap='cd /; i=0
  while [ $i -lt "$3" ] && kill -0 "$2" 2>/dev/null; do sleep 3; i=$((i + 3)); done
  i=0
  while [ $i -lt "$4" ] && [ -e "$1/retained" ]; do sleep 3; i=$((i + 3)); done
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && rm -rf "$1"'
if command -v setsid >/dev/null 2>&1; then
  setsid sh -c "$reap" reaper "$dir" $$ $((budget + 60)) $retention </dev/null >/dev/null 2>&1 &
  reaper=$!
fi
HOME=$dir; export HOME
ulimit -c 0 2>/dev/null
ulimit -S -f $blocks 2>/dev/null
ulimit -S -v $max_memory 2>/dev/null
start=$(date +%s)
count=0; offset=0
gentle=; nice -n 10 true 2>/dev/null && gentle="nice -n 10"
if timeout -s KILL 1 true 2>/dev/null; then
  bound() { timeout -s KILL "$@" & child=$!; wait $child 2>/dev/null; }
else
  bound() {
    seconds=$1; shift
    "$@" & child=$!
    ( i=0; while [ $i -lt $seconds ]; do sleep 1; kill -0 $child 2>/dev/null || exit 0; i=$((i + 1)); done
      kill -9 $child 2>/dev/null ) >/dev/null 2>&1 & guard=$!
    wait $child 2>/dev/null; code=$?
    { kill -9 $guard; wait $guard; } 2>/dev/null
    return $code
  }
fi
errors='^(Error|E[0-9]+ )'
blind='^W[0-9]+ .*(is event-based but events are disabled|returns data based on the current user|queried without a required column)'
q() {
  [ "$osquery" = none ] && return
  count=$((count + 1))
  true > $count.o || no_room
  status=ok; code=-; detail=
  sql=$(tail -c +$((offset + 1)) statements | head -c $2); offset=$((offset + $2))
  now=$(date +%s); seconds=$((budget - now + start))
  [ $seconds -le $limit ] || seconds=$limit
  if [ $seconds -le 0 ]; then
    status=timeout; detail='not run: the time for all queries was used up'
  else
    bound $seconds $gentle "$program" $mode --config_path=/dev/null --flagfile=/dev/null --disable_extensions --read_max=$read_max --json " $sql" < /dev/null > $count.o 2> $count.e
    code=$?; child=
    case $code in
      0) case $(tail -c 3 $count.o) in
        *']'*) if [ -s $count.e ] && grep -Eq "$errors|$blind" $count.e; then
            if grep -q '^[[:blank:]]*{' $count.o || grep -q '^\\[ *{' $count.o; then status=incomplete; else status=failed; fi
          fi ;;
        *) status=failed
          head -c 65536 /dev/zero > probe 2>/dev/null || detail="its output was cut: no room in \${dir%/*}"
          rm -f probe ;;
        esac ;;
      124|137) if [ $(($(date +%s) - now)) -ge $seconds ]; then status=timeout; detail="it ran longer than $seconds s"
        else status=failed; detail='osquery was killed on the host'; fi ;;
      153) status=truncated; detail='more output than a query may have' ;;
      126) status=failed; detail='osquery may not be run on the host' ;;
      *) status=failed ;;
    esac
    [ $status = failed ] && grep -q 'no such table' $count.e && status=unsupported
    if [ $status != ok ] && [ -z "$detail" ]; then
      detail=$(grep '^Error' $count.e || grep -E "$errors|$blind" $count.e || tail -n 3 $count.e)
      [ -n "$detail" ] || detail="osquery ended with exit code $code"
    fi
  fi
  case $status in ok|incomplete) ;; *) true > $count.o ;; esac
  detail=$(printf %s "$detail" | head -c 300 | encode)
  echo "$1 $status $code \${detail:--}" > $count.s || no_room
} 2>/dev/null`

/**
 * Packs the results and prints the first chunk. While they are more than a host may send, the largest is dropped, and
 * reported as truncated. The folder is retained where more chunks follow, where the run may ask for a deduplicated
 * reply, or where a second run of the same command waits for the answer. The agent copies some 0.2 MB a second of what
 * is printed: for S3, no more is printed than the time allows.
 */
export const ANSWER = `rm -rf osquery.d statements
ulimit -S -f unlimited 2>/dev/null
files=
i=0
while [ $i -lt $count ]; do i=$((i + 1)); files="$files $i.o"; done
true > digests; true > sizes; true > rows
if [ -n "$files" ]; then
  digest $files > digests && wc -c $files > sizes || no_room
  grep -c '^[[:blank:]]*{' $files /dev/null > rows
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
    [ -z "$fetched" ] || echo "fetched $fetched"
    i=0
    while [ $i -lt $count ]; do
      i=$((i + 1))
      read -r name status code detail < $i.s
      read -r sum rest <&3
      read -r size rest <&4
      IFS=: read -r rest lines <&5
      case " $dropped " in
        *" $i "*) status=truncated; bytes=0
          detail=$(printf %s "$lines rows ($size bytes) are more than a host may send" | encode) ;;
        *) kept="$kept $i.o"; bytes=$size ;;
      esac
      echo "query $name $status $code $lines $bytes $sum $detail"
    done 3< digests 4< sizes 5< rows
    echo "end $count"
  } > top
  [ "$(tail -n 1 top)" = "end $count" ] && cat top $kept > body && gzip -9 -c body > gz || no_room
  total=$(($(wc -c < gz)))
} 2>/dev/null
dropped=
printed_by=$((start + budget * 5 / 4 - 5))
[ $paced = yes ] || printed_by=$((start + 86400))
if [ $via_s3 = yes ]; then
  printable=$(((printed_by - $(date +%s)) * print_rate))
  [ $printable -le $max_s3 ] || printable=$max_s3
  [ $printable -le $max_packed ] || max_packed=$printable
fi
while :; do
  sum_of_sizes=0; worst=0; largest=0; i=0
  while [ $i -lt $count ]; do
    i=$((i + 1))
    read -r size rest <&4
    case " $dropped " in *" $i "*) continue ;; esac
    sum_of_sizes=$((sum_of_sizes + size))
    [ $size -gt $largest ] && { largest=$size; worst=$i; }
  done 4< sizes
  if [ $sum_of_sizes -le $max_bytes ]; then
    pack
    [ $total -gt $max_packed ] || break
  fi
  [ $worst -gt 0 ] || break
  dropped="$dropped $worst"
done
body_sum=$(digest body); body_sum=\${body_sum%% *}
rm -f body
retained() { echo "$total $body_sum $1" > held && mv held retained; }
if [ $total -gt $chunk_bytes ] || { [ $retain = yes ] && [ $total -gt $listed_bytes ]; }; then
  retained yes
  if [ -z "$reaper" ]; then
    ( trap '' HUP INT TERM; sh -c "$reap" reaper "$dir" 0 0 $retention ) </dev/null >/dev/null 2>&1 &
  fi
fi
chunk 0
index=1
while [ $via_s3 = yes ] && [ $((index * chunk_bytes)) -lt $total ] && [ "$(date +%s)" -lt $printed_by ]; do
  chunk $index
  index=$((index + 1))
done
[ -e retained ] || [ ! -e waiting ] || retained no
exit 0
`

/**
 * Fetches osquery where the host has none: from the run's source for the host's architecture, verified before it runs,
 * into the private folder. No credential is ever involved: the source is public.
 */
export const FETCH = `if [ "$osquery" = none ] && [ $offered -gt 0 ] && [ -z "$fetched" ]; then
  fetch_from "$(uname -m)"
  seconds=$((budget / 2)); [ $seconds -le 120 ] || seconds=120
  ulimit -S -f unlimited 2>/dev/null
  if [ -z "$url" ]; then fetched=no-source
  elif command -v curl >/dev/null 2>&1; then
    bound $((seconds + 5)) curl -fsSL --proto =https --proto-redir =https --connect-timeout 15 --max-time $seconds -o osquery.tgz "$url" </dev/null >/dev/null 2>&1 || fetched=no-download
  elif command -v wget >/dev/null 2>&1; then
    bound $seconds wget -q -T 15 -O osquery.tgz "$url" </dev/null >/dev/null 2>&1 || fetched=no-download
  else fetched=no-program
  fi
  child=
  if [ -z "$fetched" ]; then
    digest osquery.tgz > sum; read -r sum rest < sum
    if [ "$sum" != "$want" ]; then fetched=wrong-digest
    elif mkdir osquery.d && gzip -dc osquery.tgz 2>/dev/null | tar -xf - -C osquery.d 2>/dev/null && [ -x osquery.d/opt/osquery/bin/osqueryd ]; then
      osquery=fetched; program=$dir/osquery.d/opt/osquery/bin/osqueryd; mode=-S
    else fetched=wrong-archive
    fi
  fi
  rm -f osquery.tgz
  ulimit -S -f $blocks 2>/dev/null
fi`

/** Finds the folder again. */
export const RETURN = `dir=
for root; do ours "$root/$folder" && { dir=$root/$folder; break; }; done
[ -n "$dir" ] && cd "$dir" && [ -e retained ] && read -r total body_sum rest < retained || {
  echo "fleet-drift: the folder of this run is gone"; exit 0; }`

/** Prints one more chunk. */
export const CHUNK = `chunk $chunk
exit 0
`

/** Removes the folder; its reaper notices and ends. */
export const REMOVE = `cd / && for root; do dir=$root/$folder; ours "$dir" && rm -rf "$dir"; done
exit 0
`
