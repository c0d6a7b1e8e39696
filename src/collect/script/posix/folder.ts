/** A nonce, as a pattern of the shell: only folders of the collector are its own. */
const NONCE_PATTERN = '[0-9a-f]'.repeat(24)

/**
 * Creates the folder, in the first place that is writable, has room for 1 MiB and, where osquery must be fetched, lets
 * programs run. The 1 MiB stays reserved for the answer. Where the same command arrives twice (its first acknowledgment
 * was lost), the second run waits for the first, and prints its answer.
 *
 * The agent kills the process group of a canceled command; the reaper, outside of that group, then removes the folder.
 * It also removes a folder that was retained for later commands (one with the file `retained`) when its time is up.
 */
export const FOLDER = `why=
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
  if head -c 1048576 /dev/zero > "$dir/reserve"; then
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
  while [ $i -lt "$3" ] && kill -0 "$2" 2>/dev/null; do sleep 3 || exit; i=$((i + 3)); done
  i=0
  while [ $i -lt "$4" ] && [ -e "$1/retained" ]; do sleep 3 || exit; i=$((i + 3)); done
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && rm -rf "$1"'
if command -v setsid >/dev/null 2>&1; then
  setsid sh -c "$reap" reaper "$dir" $$ $((budget + 60)) $retention </dev/null >/dev/null 2>&1 &
  reaper=$!
fi
HOME=$dir; export HOME`
