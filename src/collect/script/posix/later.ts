/** What later commands of a run do with the folder that its first command left on the host. */

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
