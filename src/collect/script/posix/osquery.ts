/** Finds osquery: on the PATH, and where Fleet's agent (orbit), Kolide's and the packages put it. */
export const FIND = `osquery=none; program=; mode=
if command -v osqueryi >/dev/null 2>&1; then osquery=osqueryi; program=osqueryi
elif command -v osqueryd >/dev/null 2>&1; then osquery=osqueryd; program=osqueryd; mode=-S
else
  orbit=bin/osqueryd/linux/stable/osqueryd; orbit_arm=bin/osqueryd/linux-arm64/stable/osqueryd
  app=osquery.app/Contents/MacOS/osqueryd
  for place in /opt/orbit/$orbit /opt/orbit/$orbit_arm /var/lib/orbit/$orbit /var/lib/orbit/$orbit_arm \\
    /opt/orbit/bin/osqueryd/macos-app/stable/$app /opt/osquery/lib/$app /usr/local/kolide-k2/bin/osqueryd; do
    [ -f "$place" ] && [ -x "$place" ] && { osquery=osqueryd; program=$place; mode=-S; break; }
  done
fi`

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
    sum=$(digest osquery.tgz)
    if [ "\${sum%% *}" != "$want" ]; then fetched=wrong-digest
    elif mkdir osquery.d && gzip -dc osquery.tgz 2>/dev/null | tar -xf - -C osquery.d 2>/dev/null && [ -x osquery.d/opt/osquery/bin/osqueryd ]; then
      osquery=fetched; program=$dir/osquery.d/opt/osquery/bin/osqueryd; mode=-S
    else fetched=wrong-archive
    fi
  fi
  [ -z "$fetched" ] || printf '%65536s' x 2>/dev/null > probe || fetched=no-room
  rm -f osquery.tgz probe
  ulimit -S -f $blocks 2>/dev/null
fi`
