/**
 * Replies again, with references to entries of the run's dictionary (dictionary.ts builds it, dedup.ts decodes the
 * reply). The dictionary has the first 32 hex digits of each entry's SHA-256, one per line. Each line of the reply is
 * `@N` or `@N-M` for lines of the dictionary, `#N numbers…` for such a line with other numbers, or `=` and the line
 * itself. `w N` stands for a whole result of the dictionary; `l COUNT` precedes the lines of any other result.
 */
export const DEDUP = `printf %s "$dictionary" | decode | gzip -dc > dictionary
mkdir u m
awk -v max=$max_lines '
function mask(s,   r) {
  r = ""
  while (match(s, /:"-?[0-9]+"/)) {
    r = r substr(s, 1, RSTART + 1) "\\001"
    s = substr(s, RSTART + RLENGTH - 1)
  }
  return r s
}
function entry(s,   masked) {
  if (++n > max) exit 3
  print "u" s > "plan"
  print s > ("u/" n); close("u/" n)
  masked = mask(s)
  if (masked != s) { print masked > ("m/" n); close("m/" n) }
}
FILENAME == "dictionary" { dictionary[$1] = FNR; next }
FILENAME == "digests" { sum[$2] = substr($1, 1, 32); next }
{
  if ($1 == "query") { queries++; if ($3 == "ok" || $3 == "incomplete") { $7 = "="; ok[queries] = 1 } }
  entry($0)
}
END {
  if (n > max) exit 3
  for (i = 1; i <= queries; i++) {
    if (!ok[i]) continue
    file = i ".o"
    if (sum[file] in dictionary) { print "cw " dictionary[sum[file]] > "plan"; continue }
    lines = 0
    while ((getline line < file) > 0) text[++lines] = line
    close(file)
    print "cl " lines > "plan"
    for (j = 1; j <= lines; j++) {
      line = text[j]
      if (substr(line, length(line) - 1) == "},") line = substr(line, 1, length(line) - 1)
      entry(line)
    }
  }
}' dictionary digests top || { echo "fleet-drift: too many rows to deduplicate"; exit 0; }
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
FILENAME == "dictionary" { dictionary[$1] = FNR; next }
FILENAME == "sums" { id = substr($1, 1, 32); if (id in dictionary) at[$2] = dictionary[id]; next }
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
END { flush() }' dictionary sums plan > dedup
gzip -9 -c dedup > dedup.gz
if [ $(($(wc -c < dedup.gz))) -le $chunk_bytes ]; then frame dedup cat dedup.gz
else echo "fleet-drift: no reply is shorter"; fi
rm -rf u m plan sums dedup dedup.gz dictionary
[ $total -gt $chunk_bytes ] || { cd /; ours "$dir" && rm -rf "$dir"; }
exit 0
`
