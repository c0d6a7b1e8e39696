/**
 * The collector in POSIX sh, for dash, busybox and bash, in parts that build.ts puts together. They change nothing on
 * the host except one private folder, always exit 0, and report what happened in a frame (frame.ts reads it).
 *
 * What every command needs: where folders may be, what is ours, and how to print a frame (`frame`) or one chunk of the
 * packed answer (`chunk`). Where something could not be written, `trouble` says why.
 *
 * The folder is named after the run's nonce, so that a later command of the same run finds it, and after the host,
 * because several managed hosts may share one machine. `mkdir` fails where the name is taken, and in a folder of mode
 * 0700 only root may use what root made. `ours` is asked before anything is removed: the folder's name is public, and
 * somebody else may take it once it is free.
 */
export const COMMON = `umask 077
LC_ALL=C; export LC_ALL
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/osquery/bin"; export PATH
for program in awk cat fold grep head mkdir rm sed tail tr wc; do
  command -v $program >/dev/null 2>&1 || { echo "fleet-drift: this host has no program $program"; exit 0; }
done
newline='
'
folder=fleet-drift.$nonce.\${AWS_SSM_INSTANCE_ID:-host}
set -- "\${TMPDIR:-/tmp}" /var/tmp /run /dev/shm /var/lib
ours() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
if sha256sum </dev/null >/dev/null 2>&1; then digest() { sha256sum "$@"; }
elif shasum -a 256 </dev/null >/dev/null 2>&1; then digest() { shasum -a 256 "$@"; }
elif openssl dgst -sha256 </dev/null >/dev/null 2>&1; then
  digest() {
    [ $# -gt 0 ] || set -- /dev/stdin
    for f; do printf '%s  %s\\n' "$(openssl dgst -sha256 "$f" | sed 's/.*= *//')" "$f"; done
  }
else echo "fleet-drift: this host has no program for SHA-256"; exit 0; fi
if base64 -w 0 </dev/null >/dev/null 2>&1; then encode() { base64 -w 0; }
elif base64 </dev/null >/dev/null 2>&1; then encode() { base64 | tr -d '\\n'; }
else encode() { openssl base64 -A; }; fi
if [ "$(printf QQ== | base64 -d 2>/dev/null)" = A ]; then decode() { base64 -d; }
elif [ "$(printf QQ== | base64 -D 2>/dev/null)" = A ]; then decode() { base64 -D; }
else decode() { openssl base64 -d -A; }; fi
trouble() {
  if ours "$dir"; then
    words=$(head -c 65536 /dev/zero 2>&1 > probe) && words='no room'
    rm -f probe
    echo "cannot write in \${dir%/*}: \${words##*: }"
  else echo "its folder in \${dir%/*} was removed while it ran"; fi
} 2>/dev/null
no_room() { rm -f retained 2>/dev/null; echo "fleet-drift: $(trouble)"; exit 0; }
frame() {
  name=$1; shift
  text=$("$@" | encode)
  [ -n "$text" ] || no_room
  sum=$("$@" | digest)
  printf '%s\\n' "FLEETDRIFT2 $nonce \${#text} \${sum%% *} $name $total $body_sum" "$text" "FLEETDRIFT2-END $nonce"
}
part() { tail -c +$(($1 * chunk_bytes + 1)) gz | head -c $chunk_bytes; }
chunk() { frame "$1" part "$1"; } 2>/dev/null`
