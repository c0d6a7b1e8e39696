/**
 * The POSIX sh texts of the collector, for dash, busybox and bash. They are read-only on the host but for one private
 * folder, always exit 0 and say in a frame what happened (frame.ts reads it). `script.ts` puts them together.
 *
 * The folder is named after the run's nonce, so that a later command of the same run finds it again, and after the host,
 * for several managed hosts may share one machine: `mkdir` fails where the name is taken, and only root may use what
 * root has made in a folder of mode 0700.
 */

/** What every command needs. `frame` tells one file, `piece` one part of the packed answer. */
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
  echo "FLEETDRIFT2 $nonce $length $sum $2 $total $whole"
  cat "text.$2"
  echo
  echo "FLEETDRIFT2-END $nonce"
}
piece() {
  tail -c +$(($1 * piece_bytes + 1)) gz | head -c $piece_bytes > "part.$1"
  frame "part.$1" "$1"
}`

/**
 * Makes the folder. Where the same command came twice (its first acknowledgement was lost on the way), the second waits
 * for the first, and gives its answer.
 *
 * Asks the queries. `child` is what runs, in the background so that a signal ends the wait for it. The agent kills a
 * cancelled command's process group outright: the reaper, outside of it, then removes the folder. A folder that is
 * kept for later commands (it holds the file `keep`) is removed by the reaper at the latest.
 * Our own children are ended by -9: bash may run the script's traps in a child that was forked a moment ago.
 */
export const PRELUDE = `for old in "\${TMPDIR:-/tmp}"/fleet-drift.*; do
  [ -d "$old" ] && [ ! -L "$old" ] && [ -O "$old" ] && [ -n "$(find "$old" -prune -mmin +60 2>/dev/null)" ] && rm -rf "$old"
done
waited=0
until mkdir "$dir" 2>/dev/null; do
  [ -d "$dir" ] && [ ! -L "$dir" ] && [ -O "$dir" ] && [ $waited -lt $budget ] || {
    echo "fleet-drift: cannot make a temporary folder"; exit 0; }
  cd "$dir" 2>/dev/null && [ -e keep ] && read -r total whole < keep && { piece 0; exit 0; }
  cd /; sleep 1; waited=$((waited + 1))
done
cd "$dir" || exit 0
child=; reaper=
trap '[ -e "$dir/keep" ] || { cd /; rm -rf "$dir"; [ -z "$reaper" ] || kill -9 -$reaper 2>/dev/null; }' EXIT
trap '[ -z "$child" ] || kill $child 2>/dev/null; rm -f "$dir/keep"; exit 0' HUP INT TERM
reap='cd /; i=0
  while [ $i -lt "$3" ] && kill -0 "$2" 2>/dev/null; do sleep 3; i=$((i + 3)); done
  i=0
  while [ $i -lt "$4" ] && [ -e "$1/keep" ]; do sleep 3; i=$((i + 3)); done
  rm -rf "$1"'
if command -v setsid >/dev/null 2>&1; then
  setsid sh -c "$reap" reaper "$dir" $$ $((budget + 60)) $linger </dev/null >/dev/null 2>&1 &
  reaper=$!
fi
HOME=$dir; export HOME
ulimit -c 0 2>/dev/null
ulimit -S -f $blocks 2>/dev/null
ulimit -S -v $most_memory 2>/dev/null
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
    status=timeout; echo 'not asked: the time for all queries was used up' > $count.e
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
 * Packs the results; while they are more than a host may send, the largest is left out, and said to be. Answers with
 * the first piece. The folder is kept where more pieces follow, or where the run may ask for a shorter answer.
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
      case " $left " in
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
left=
[ $stored = no ] || most_packed=$most_stored
while :; do
  sum_of_sizes=0; worst=0; most=0; i=0
  while [ $i -lt $count ]; do
    i=$((i + 1))
    read -r size rest <&4
    case " $left " in *" $i "*) continue ;; esac
    sum_of_sizes=$((sum_of_sizes + size))
    [ $size -gt $most ] && { most=$size; worst=$i; }
  done 4< sizes
  if [ $sum_of_sizes -le $most_bytes ]; then
    pack
    [ $total -gt $most_packed ] || break
  fi
  [ $worst -gt 0 ] || break
  left="$left $worst"
done
digest body > sum
read -r whole rest < sum
rm -f body
if [ $total -gt $piece_bytes ] || { [ $keep = yes ] && [ $total -gt $kept_bytes ]; }; then
  echo "$total $whole" > keep
  if [ -z "$reaper" ]; then
    ( trap '' HUP INT TERM; sh -c "$reap" reaper "$dir" 0 0 $linger ) </dev/null >/dev/null 2>&1 &
  fi
fi
piece 0
index=1
while [ $stored = yes ] && [ $((index * piece_bytes)) -lt $total ]; do
  piece $index
  rm -f "part.$index" "text.$index" "sum.$index"
  index=$((index + 1))
done
exit 0
`

/**
 * Gets osquery where the host has none: from the run's own source for the host's architecture, verified before it runs,
 * in the private folder, and gone with it. Never a credential: the source is public.
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
export const RETURN = `cd "$dir" 2>/dev/null && [ -O . ] && read -r total whole < keep || {
  echo "fleet-drift: the folder of this run is gone"; exit 0; }`

/** One more piece. */
export const PIECE = `piece $piece
exit 0
`

/** Removes the folder; its reaper sees it and ends. */
export const REMOVE = `cd / && rm -rf "$dir"
exit 0
`

/**
 * Answers again, with references to rows that the runner knows: `known` has the first 32 hex digits of the SHA-256 of
 * each, one a line (shorthand.ts makes the list and reads the answer). Per line of the answer: \`@N\` or \`@N-M\` for
 * known lines, \`#N numbers…\` for a line that is known but for its numbers, \`=\` and the line for any other; \`w N\`
 * stands for a whole known result, \`l COUNT\` before the lines of any other.
 */
export const SHORTHAND = `printf %s "$known_text" | { base64 -d 2>/dev/null || printf %s "$known_text" | base64 -D; } | gzip -dc > known
mkdir u m
awk -v most=$most_lines '
function mask(s,   r) {
  r = ""
  while (match(s, /:"-?[0-9]+"/)) {
    r = r substr(s, 1, RSTART + 1) "\\001"
    s = substr(s, RSTART + RLENGTH - 1)
  }
  return r s
}
function unit(s,   masked) {
  if (++n > most) exit 3
  print "u" s > "plan"
  print s > ("u/" n); close("u/" n)
  masked = mask(s)
  if (masked != s) { print masked > ("m/" n); close("m/" n) }
}
FILENAME == "known" { known[$1] = FNR; next }
FILENAME == "digests" { sum[$2] = substr($1, 1, 32); next }
{
  if ($1 == "query") { queries++; if ($3 == "ok") { $7 = "="; ok[queries] = 1 } }
  unit($0)
}
END {
  if (n > most) exit 3
  for (i = 1; i <= queries; i++) {
    if (!ok[i]) continue
    file = i ".o"
    if (sum[file] in known) { print "cw " known[sum[file]] > "plan"; continue }
    lines = 0
    while ((getline line < file) > 0) text[++lines] = line
    close(file)
    print "cl " lines > "plan"
    for (j = 1; j <= lines; j++) {
      line = text[j]
      if (substr(line, length(line) - 1) == "},") line = substr(line, 1, length(line) - 1)
      unit(line)
    }
  }
}' known digests top || { echo "fleet-drift: too many rows for a shorter answer"; exit 0; }
digest u/* > sums
for f in m/*; do [ -e "$f" ] && { digest m/* >> sums; break; }; done
awk '
function flush() {
  if (from) print "@" from (to > from ? "-" to : "")
  from = 0
}
function numbers(s,   r) {
  r = ""
  while (match(s, /:"-?[0-9]+"/)) {
    r = r " " substr(s, RSTART + 2, RLENGTH - 3)
    s = substr(s, RSTART + RLENGTH - 1)
  }
  return r
}
FILENAME == "known" { known[$1] = FNR; next }
FILENAME == "sums" { id = substr($1, 1, 32); if (id in known) at[$2] = known[id]; next }
substr($0, 1, 1) == "c" { flush(); print substr($0, 2); next }
{
  n++
  line = substr($0, 2)
  if (("u/" n) in at) {
    k = at["u/" n]
    if (from && k == to + 1) to = k
    else { flush(); from = k; to = k }
    next
  }
  flush()
  if (("m/" n) in at) print "#" at["m/" n] numbers(line)
  else print "=" line
}
END { flush() }' known sums plan > short
gzip -9 -c short > short.gz
if [ $(($(wc -c < short.gz))) -le $piece_bytes ]; then frame short.gz short
else echo "fleet-drift: no answer is shorter"; fi
rm -rf u m plan sums short short.gz text.short sum.short known
[ $total -gt $piece_bytes ] || { cd /; rm -rf "$dir"; }
exit 0
`
