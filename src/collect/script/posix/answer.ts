/**
 * Packs the results and prints the first chunk. While they are more than a host may send, or than there is room for, the
 * largest is dropped, and reported as truncated. The folder is retained where more chunks follow, where the run may ask
 * for a deduplicated reply, or where a second run of the same command waits for the answer. The agent copies some
 * 0.2 MB a second of what is printed: for S3, no more is printed than the time allows.
 *
 * What is known of query N is in `result_N` (name, status, exit code), `detail_N`, and for outputs that count in
 * `sum_N`, `size_N` and `rows_N`. A detail is padded to 300 bytes, which are 400 characters of base64, so that all of
 * them are encoded at once.
 */
export const ANSWER = `exec 8<&-
rm -rf osquery.d statements reserve errors
ulimit -S -f unlimited 2>/dev/null
known() {
  field=$1; shift
  while [ $# -gt 1 ]; do
    case $2 in *.o) eval "\${field}_\${2%.o}=\\$1" ;; esac
    shift 2
  done
}
digests=
if [ -n "$files" ]; then
  digests=$(digest $files) && sizes=$(wc -c $files) || no_room
  known sum $digests
  known size $sizes
  lines=$(grep -c '^[[:blank:]]*{' $files /dev/null | sed 's/\\(.*\\):\\(.*\\)/\\2 \\1/')
  known rows $lines
fi
encoded() {
  for i; do eval "printf '%-300.300s' \\"\\$detail_$i\\""; done | encode | fold -w 400
}
detailed=; i=0
while [ $i -lt $count ]; do
  i=$((i + 1))
  eval "[ -z \\"\\$detail_$i\\" ] || detailed=\\"\\$detailed $i\\""
done
details=$(encoded $detailed)
for i in $detailed; do
  detail=\${details%%"$newline"*}; details=\${details#*"$newline"}
  eval "detail_$i=\\$detail"
done
machine=; [ -r /etc/machine-id ] && read -r machine < /etc/machine-id
boot=; [ -r /proc/sys/kernel/random/boot_id ] && read -r boot < /proc/sys/kernel/random/boot_id
facts="host \${AWS_SSM_INSTANCE_ID:-}
uid $(id -u 2>/dev/null)
machine-id $machine
boot-id $boot
osquery $osquery\${fetched:+\${newline}fetched $fetched}"
body() { printf '%s\\n' "$top"; cat $files /dev/null; } 2>/dev/null
pack() {
  top=$facts; i=0
  while [ $i -lt $count ]; do
    i=$((i + 1))
    eval "line=\\"\\$result_$i \\\${rows_$i:--} \\\${size_$i:-0} \\\${sum_$i:--} \\\${detail_$i:--}\\""
    top="$top\${newline}query $line"
  done
  top="$top\${newline}end $count"
  body | gzip -9 -c > gz && total=$(($(wc -c < gz)))
} 2>/dev/null
drop() {
  true > $largest
  i=\${largest%.o}
  eval "name=\\\${result_$i%% *} rows=\\$rows_$i"
  detail=$(printf %s "$rows rows ($most bytes) $1" | encode)
  eval "result_$i=\\"\\$name truncated 0\\" size_$i=0 detail_$i=\\$detail"
  others=
  for file in $files; do [ $file = $largest ] || others="$others $file"; done
  files=$others
}
printed_by=$((start + budget * 5 / 4 - 5))
[ $paced = yes ] || printed_by=$((start + 86400))
if [ $via_s3 = yes ]; then
  clock
  printable=$(((printed_by - now) * print_rate))
  [ $printable -le $max_s3 ] || printable=$max_s3
  [ $printable -le $max_packed ] || max_packed=$printable
fi
while :; do
  bytes=0; largest=; most=0
  for file in $files; do
    eval "size=\\$size_\${file%.o}"
    bytes=$((bytes + size))
    [ $size -gt $most ] && { most=$size; largest=$file; }
  done
  if [ $bytes -gt $max_bytes ]; then problem='are more than a host may send'
  elif ! pack; then problem='have no room there'; [ -n "$largest" ] || no_room
  elif [ $total -gt $max_packed ]; then problem='are more than a host may send'
  else break; fi
  [ -n "$largest" ] || break
  drop "$problem"
done
body_sum=$(body | digest); body_sum=\${body_sum%% *}
retained() {
  printf '%s\\n' "$top" > top; printf '%s\\n' "$digests" > digests
  echo "$total $body_sum $1" > held && mv held retained
} 2>/dev/null
if [ $total -gt $chunk_bytes ] || { [ $retain = yes ] && [ $total -gt $listed_bytes ]; }; then
  retained yes
  if [ -z "$reaper" ]; then
    ( trap '' HUP INT TERM; sh -c "$reap" reaper "$dir" 0 0 $retention ) </dev/null >/dev/null 2>&1 &
  fi
fi
chunk 0
index=1
while [ $via_s3 = yes ] && [ $((index * chunk_bytes)) -lt $total ] && clock && [ $now -lt $printed_by ]; do
  chunk $index
  index=$((index + 1))
done
[ -e retained ] || [ ! -e waiting ] || retained no
exit 0
`
