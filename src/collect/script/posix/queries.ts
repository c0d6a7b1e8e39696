/**
 * What osquery warns of when rows are missing though it exits with 0: events are off, it looked at one user, a required
 * column is missing, or something could not be read. An ERE of awk.
 */
const BLIND =
  'is event-based but events are disabled|returns data based on the current user|queried without a required column|] (Cannot|Could not|Unable to|Failed to|Error |Timed out)'

/**
 * Runs the queries, `q NAME LINES` each: the statement is the next LINES lines of file descriptor 8, which no shell
 * interprets. A query costs two processes beside osquery, and a few more where something went wrong.
 *
 * `child` is the running program, in the background so that a signal ends the wait for it. It is ended by KILL: osquery
 * ignores TERM inside a statement.
 *
 * osquery reads no configuration of the host. A statement follows a blank, so that it is never taken for an option or
 * for a command of osquery's shell. With exit code 0, osquery may still have failed: an error line means that rows may
 * be missing, and so do the warnings above. Where there is no row, any words that are not from its log are an error.
 *
 * `files` lists the outputs that count. A query that no longer has room is not run: the answers before it are kept.
 */
export const QUERIES = `ulimit -c 0 2>/dev/null
ulimit -S -f $blocks 2>/dev/null
ulimit -S -v $max_memory 2>/dev/null
clock() { read -r now rest < /proc/uptime && now=\${now%%.*} || now=$(date +%s); } 2>/dev/null
clock; start=$now
count=0; files=
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
said() {
  awk -v level="$1" '
/^Error/ { error = $0; exit }
/^E[0-9]+ |^W[0-9]+ .*(${BLIND})/ { if (problem == "") problem = $0 }
NF && (level == 2 || !/^[IW][0-9]+ /) { a = b; b = c; c = $0 "\\n" }
END { print substr(error != "" ? error : problem != "" ? problem : level ? a b c : "", 1, 300) }' errors ||
    echo "what osquery said cannot be read"
}
q() {
  [ "$osquery" = none ] && return
  count=$((count + 1)); status=failed; code=-; detail=
  IFS= read -r sql <&8; lines=$2
  while [ $lines -gt 1 ]; do
    IFS= read -r line <&8; sql=$sql$newline$line; lines=$((lines - 1))
  done
  clock; seconds=$((budget - now + start))
  [ $seconds -le $limit ] || seconds=$limit
  if [ $seconds -le 0 ]; then
    status=timeout; detail='not run: the time for all queries was used up'
  elif ! true > $count.o || ! true > errors; then
    ours "$dir" || no_room
    detail="not run: $(trouble)"
  else
    bound $seconds $gentle "$program" $mode --config_path=/dev/null --flagfile=/dev/null --disable_extensions --read_max=$read_max --json " $sql" < /dev/null > $count.o 2> errors 8<&-
    code=$?; child=
    case $code in
      0) case $(sed -n -e '1{h;s/^[[:blank:]]*\\(.\\).*/\\1/p;g;}' -e '$s/.*\\([^[:blank:]]\\)[[:blank:]]*$/\\1/p' $count.o) in
        "[$newline]") status=ok
          if [ ! -s errors ]; then :
          elif grep -Eq '^(\\[ *|[[:blank:]]*)\\{' $count.o; then detail=$(said 0); [ -z "$detail" ] || status=incomplete
          else detail=$(said 1); [ -z "$detail" ] || status=failed; fi ;;
        '['|"[$newline"*) detail='its output was cut' ;;
        '') detail=$(said 2); [ -n "$detail" ] || detail='it printed nothing' ;;
        *) detail='it printed something other than a list of rows' ;;
        esac ;;
      124|137) ran=$now; clock
        if [ $((now - ran)) -ge $seconds ]; then status=timeout; detail="it ran longer than $seconds s"
        else detail='osquery was killed on the host'; fi ;;
      143) detail='osquery was killed on the host' ;;
      153) status=truncated; detail='more output than a query may have' ;;
      126) detail='osquery may not be run on the host' ;;
      *) detail=$(said 2)
        case $detail in
          *'no such table'*) status=unsupported ;;
          '') detail="osquery ended with exit code $code"
            [ $code -le 128 ] || detail="osquery crashed (signal $((code - 128)))" ;;
        esac ;;
    esac
    [ $status != failed ] || printf '%65536s' x > probe || detail="$detail: $(trouble)"
  fi
  case $status in
    ok|incomplete) files="$files $count.o" ;;
    *) [ ! -s $count.o ] || true > $count.o; [ ! -s probe ] || true > probe ;;
  esac
  eval "result_$count=\\"\\$1 \\$status \\$code\\" detail_$count=\\$detail"
} 2>/dev/null`
