/**
 * The POSIX sh texts of the collector, for dash, busybox and bash; build.ts puts them together. They change nothing on
 * the host except one private folder, always exit 0, and report what happened in a frame (frame.ts reads it).
 *
 * The folder is named after the run's nonce, so that a later command of the same run finds it, and after the host,
 * because several managed hosts may share one machine. `mkdir` fails where the name is taken, and in a folder of mode
 * 0700 only root may use what root made.
 */

/** What every command needs. `frame` prints one file in a frame, `chunk` one chunk of the packed answer. */
export const COMMON = `umask 077
LC_ALL=C; export LC_ALL
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/osquery/bin"; export PATH
dir="\${TMPDIR:-/tmp}/fleet-drift.$nonce.\${AWS_SSM_INSTANCE_ID:-host}"
if command -v sha256sum >/dev/null 2>&1; then digest() { sha256sum "$@"; }
elif command -v shasum >/dev/null 2>&1; then digest() { shasum -a 256 "$@"; }
else digest() { for f in "$@"; do printf '%s  %s\\n' "$(openssl dgst -sha256 "$f" | sed 's/.*= *//')" "$f"; done; }; fi
frame() {
  base64 < "$1" | tr -d '\\n' > "text.$2"
  length=$(($(wc -c < "text.$2")))
  digest "$1" > "sum.$2"
  read -r sum rest < "sum.$2"
  echo "FLEETDRIFT2 $nonce $length $sum $2 $total $body_sum"
  cat "text.$2"
  echo
  echo "FLEETDRIFT2-END $nonce"
}
chunk() {
  tail -c +$(($1 * chunk_bytes + 1)) gz | head -c $chunk_bytes > "chunk.$1"
  frame "chunk.$1" "$1"
}`

/**
 * Creates the folder. Where the same command arrives twice (its first acknowledgment was lost), the second run waits for
 * the first, and prints its answer.
 *
 * Runs the queries. `child` is the running program, in the background so that a signal ends the wait for it. The agent
 * kills the process group of a canceled command; the reaper, outside of that group, then removes the folder. It also
 * removes a folder that was retained for later commands (one with the file `retained`) when its time is up.
 * The script's own children are killed with -9: bash may run the script's traps in a child that it has just forked.
 */
export const PRELUDE = `for old in "\${TMPDIR:-/tmp}"/fleet-drift.*; do
  [ -d "$old" ] && [ ! -L "$old" ] && [ -O "$old" ] && [ -n "$(find "$old" -prune -mmin +60 2>/dev/null)" ] && rm -rf "$old"
done
waited=0
until mkdir "$dir" 2>/dev/null; do
  [ -d "$dir" ] && [ ! -L "$dir" ] && [ -O "$dir" ] && [ $waited -lt $budget ] || {
    echo "fleet-drift: cannot make a temporary folder"; exit 0; }
  cd "$dir" 2>/dev/null && [ -e retained ] && read -r total body_sum < retained && { chunk 0; exit 0; }
  cd /; sleep 1; waited=$((waited + 1))
done
cd "$dir" || exit 0
child=; reaper=
trap '[ -e "$dir/retained" ] || { cd /; rm -rf "$dir"; [ -z "$reaper" ] || kill -9 -$reaper 2>/dev/null; }' EXIT
trap '[ -z "$child" ] || kill $child 2>/dev/null; rm -f "$dir/retained"; exit 0' HUP INT TERM
reap='cd /; i=0
  while [ $i -lt "$3" ] && kill -0 "$2" 2>/dev/null; do sleep 3; i=$((i + 3)); done
  i=0
  while [ $i -lt "$4" ] && [ -e "$1/retained" ]; do sleep 3; i=$((i + 3)); done
  rm -rf "$1"'
if command -v setsid >/dev/null 2>&1; then
  setsid sh -c "$reap" reaper "$dir" $$ $((budget + 60)) $retention </dev/null >/dev/null 2>&1 &
  reaper=$!
fi
HOME=$dir; export HOME
ulimit -c 0 2>/dev/null
ulimit -S -f $blocks 2>/dev/null
ulimit -S -v $max_memory 2>/dev/null
start=$(date +%s)
count=0
osquery=none
if command -v osqueryi >/dev/null 2>&1; then osquery=osqueryi; program=osqueryi; mode=
elif command -v osqueryd >/dev/null 2>&1; then osquery=osqueryd; program=osqueryd; mode=-S; fi
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
q() {
  [ "$osquery" = none ] && return
  count=$((count + 1))
  : > $count.o
  status=ok; code=-
  seconds=$((budget - $(date +%s) + start))
  [ $seconds -le $limit ] || seconds=$limit
  if [ $seconds -le 0 ]; then
    status=timeout; echo 'not run: the time for all queries was used up' > $count.e
  else
    bound $seconds $gentle "$program" $mode --flagfile=/dev/null --disable_extensions --json "$2" < /dev/null > $count.o 2> $count.e
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

/**
 * Packs the results and prints the first chunk. While they are more than a host may send, the largest is dropped, and
 * reported as truncated. The folder is retained where more chunks follow, or where the run may ask for a deduplicated
 * reply.
 */
export const ANSWER = `rm -rf osquery.d
ulimit -S -f unlimited 2>/dev/null
files=
i=0
while [ $i -lt $count ]; do i=$((i + 1)); files="$files $i.o"; done
: > digests; : > sizes; : > rows
if [ -n "$files" ]; then
  digest $files > digests
  wc -c $files > sizes
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
      read -r name status code < $i.s
      read -r sum rest <&3
      read -r size rest <&4
      IFS=: read -r rest lines <&5
      case " $dropped " in
        *" $i "*) status=truncated; bytes=0; echo "$lines rows ($size bytes) are more than a host may send" > $i.e ;;
        *) kept="$kept $i.o"; bytes=$size ;;
      esac
      detail=-
      [ $status = ok ] || detail=$(head -c 300 $i.e | base64 | tr -d '\\n')
      echo "query $name $status $code $lines $bytes $sum \${detail:--}"
    done 3< digests 4< sizes 5< rows
    echo "end $count"
  } > top
  cat top $kept > body
  gzip -9 -c body > gz
  total=$(($(wc -c < gz)))
}
dropped=
[ $via_s3 = no ] || max_packed=$max_s3
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
digest body > sum
read -r body_sum rest < sum
rm -f body
if [ $total -gt $chunk_bytes ] || { [ $retain = yes ] && [ $total -gt $listed_bytes ]; }; then
  echo "$total $body_sum" > retained
  if [ -z "$reaper" ]; then
    ( trap '' HUP INT TERM; sh -c "$reap" reaper "$dir" 0 0 $retention ) </dev/null >/dev/null 2>&1 &
  fi
fi
chunk 0
index=1
while [ $via_s3 = yes ] && [ $((index * chunk_bytes)) -lt $total ]; do
  chunk $index
  rm -f "chunk.$index" "text.$index" "sum.$index"
  index=$((index + 1))
done
exit 0
`

/**
 * Fetches osquery where the host has none: from the run's source for the host's architecture, verified before it runs,
 * into the private folder. No credential is ever involved: the source is public.
 */
export const FETCH = `fetched=
if [ "$osquery" = none ] && [ $offered -gt 0 ]; then
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
export const RETURN = `cd "$dir" 2>/dev/null && [ -O . ] && read -r total body_sum < retained || {
  echo "fleet-drift: the folder of this run is gone"; exit 0; }`

/** Prints one more chunk. */
export const CHUNK = `chunk $chunk
exit 0
`

/** Removes the folder; its reaper notices and ends. */
export const REMOVE = `cd / && rm -rf "$dir"
exit 0
`
